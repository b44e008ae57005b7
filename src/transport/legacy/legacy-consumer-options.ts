import type { DeliverPolicy } from '@nats-io/jetstream';
import {
  fromLegacyPolicies,
  type LegacyDeliverPolicy,
  type LegacyPolicies,
  type Policies,
} from './legacy-policies.js';
import { renameOption } from './rename-option.js';

/** Names that options of consumers had in the older transport. */
export interface LegacyConsumerOptions {
  /** The older name of `deliverPolicy`; only one of them may be given. @default none */
  readonly deliveryPolicy?: DeliverPolicy | LegacyDeliverPolicy | undefined;
  /** The older name of `maxWaiting`; only one of them may be given. @default none */
  readonly maxwaiting?: number | undefined;
}

interface WithToday extends LegacyConsumerOptions, LegacyPolicies {
  readonly maxWaiting?: number | undefined;
}

/** A consumer's options under their names of today, with policies in the server's words. */
type OfToday<Options> = Omit<Options, keyof LegacyConsumerOptions | keyof Policies> & Policies;

/**
 * A consumer's options under their names of today, with policies in the server's words.
 *
 * @throws {@link InvalidOptionError} when an option is given under both of its names.
 */
export function fromLegacyConsumerOptions<Options extends WithToday>(options: Options): OfToday<Options> {
  const {
    deliveryPolicy: _policy,
    maxwaiting: _waiting,
    deliverPolicy: _deliver,
    ackPolicy: _ack,
    replayPolicy: _replay,
    ...others
  } = options;
  const { maxWaiting, ...policies } = renameOption(
    renameOption<WithToday, 'deliveryPolicy'>(options, 'deliveryPolicy', 'deliverPolicy'),
    'maxwaiting',
    'maxWaiting',
  );
  return { ...others, ...(maxWaiting !== undefined && { maxWaiting }), ...fromLegacyPolicies(policies) };
}
