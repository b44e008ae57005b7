import type { NatsConsumerOptions } from '../consumer-options.js';
import { renameOption } from './rename-option.js';

/** Names that options of the server had in the older transport. */
export interface LegacyServerOptions {
  /** The older name of `consumerOptions`; only one of them may be given. @default none */
  readonly serverConsumerOptions?: NatsConsumerOptions | undefined;
}

interface WithToday extends LegacyServerOptions {
  readonly consumerOptions?: NatsConsumerOptions | undefined;
  readonly queue?: string | undefined;
}

/**
 * A server's options under their names of today. The older transport took `deliverTo` for the queue group of
 * requests, too.
 *
 * @throws {@link InvalidOptionError} when an option is given under both of its names.
 */
export function fromLegacyServerOptions<Options extends WithToday>(
  options: Options,
): Omit<Options, keyof LegacyServerOptions> {
  const { serverConsumerOptions: _older, ...others } = options;
  const { consumerOptions, queue = consumerOptions?.deliverTo } = renameOption<
    WithToday,
    'serverConsumerOptions'
  >(options, 'serverConsumerOptions', 'consumerOptions');
  return {
    ...others,
    ...(consumerOptions !== undefined && { consumerOptions }),
    ...(queue !== undefined && { queue }),
  };
}
