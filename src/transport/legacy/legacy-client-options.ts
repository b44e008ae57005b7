import type { JetStreamOptions } from '../connection-options.js';
import { renameOption } from './rename-option.js';

/** Names that options of the client had in the older transport. */
export interface LegacyClientOptions {
  /** The older name of `jetStreamOptions`; only one of them may be given. @default none */
  readonly jetStreamOption?: JetStreamOptions | undefined;
}

interface WithToday extends LegacyClientOptions {
  readonly jetStreamOptions?: JetStreamOptions | undefined;
}

/**
 * A client's options under their names of today.
 *
 * @throws {@link InvalidOptionError} when an option is given under both of its names.
 */
export function fromLegacyClientOptions<Options extends WithToday>(
  options: Options,
): Omit<Options, keyof LegacyClientOptions> {
  const { jetStreamOption: _older, ...others } = options;
  const { jetStreamOptions } = renameOption<WithToday, 'jetStreamOption'>(
    options,
    'jetStreamOption',
    'jetStreamOptions',
  );
  return { ...others, ...(jetStreamOptions !== undefined && { jetStreamOptions }) };
}
