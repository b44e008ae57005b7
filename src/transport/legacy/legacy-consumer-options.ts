import type { DeliverPolicy } from '@nats-io/jetstream';
import { renameOption } from './rename-option.js';

/** Names that options of consumers had in the older transport. */
export interface LegacyConsumerOptions {
  /** The older name of `deliverPolicy`; only one of them may be given. @default none */
  readonly deliveryPolicy?: DeliverPolicy | undefined;
  /** The older name of `maxWaiting`; only one of them may be given. @default none */
  readonly maxwaiting?: number | undefined;
}

interface WithToday extends LegacyConsumerOptions {
  readonly deliverPolicy?: DeliverPolicy | undefined;
  readonly maxWaiting?: number | undefined;
}

/**
 * A consumer's options under their names of today.
 *
 * @throws {@link InvalidOptionError} when an option is given under both of its names.
 */
export function fromLegacyConsumerOptions<Options extends WithToday>(
  options: Options,
): Omit<Options, keyof LegacyConsumerOptions> {
  const { deliveryPolicy: _policy, maxwaiting: _waiting, ...others } = options;
  const { deliverPolicy, maxWaiting } = renameOption(
    renameOption<WithToday, 'deliveryPolicy'>(options, 'deliveryPolicy', 'deliverPolicy'),
    'maxwaiting',
    'maxWaiting',
  );
  return {
    ...others,
    ...(deliverPolicy !== undefined && { deliverPolicy }),
    ...(maxWaiting !== undefined && { maxWaiting }),
  };
}
