import type { AckPolicy, DeliverPolicy, ReplayPolicy } from '@nats-io/jetstream';

const DELIVER_POLICIES = {
  All: 'all',
  Last: 'last',
  New: 'new',
  ByStartSequence: 'by_start_sequence',
  ByStartTime: 'by_start_time',
} as const satisfies Record<string, DeliverPolicy>;

const ACK_POLICIES = {
  Explicit: 'explicit',
  All: 'all',
  None: 'none',
} as const satisfies Record<string, AckPolicy>;

const REPLAY_POLICIES = {
  Instant: 'instant',
  Original: 'original',
} as const satisfies Record<string, ReplayPolicy>;

/** What `deliverPolicy` was in the older transport. Its `last_per_subject` is a value of today. */
export type LegacyDeliverPolicy = keyof typeof DELIVER_POLICIES;
/** What `ackPolicy` was in the older transport. */
export type LegacyAckPolicy = keyof typeof ACK_POLICIES;
/** What `replayPolicy` was in the older transport. */
export type LegacyReplayPolicy = keyof typeof REPLAY_POLICIES;

/** The options of a consumer whose values had other words in the older transport. */
export interface LegacyPolicies {
  readonly deliverPolicy?: DeliverPolicy | LegacyDeliverPolicy | undefined;
  readonly ackPolicy?: AckPolicy | LegacyAckPolicy | undefined;
  readonly replayPolicy?: ReplayPolicy | LegacyReplayPolicy | undefined;
}

/** The same options in the server's words. */
export interface Policies {
  readonly deliverPolicy?: DeliverPolicy;
  readonly ackPolicy?: AckPolicy;
  readonly replayPolicy?: ReplayPolicy;
}

/** The policies in the server's words. What is neither an older word nor one of today stays as it is. */
export function fromLegacyPolicies({ deliverPolicy, ackPolicy, replayPolicy }: LegacyPolicies): Policies {
  return {
    ...(deliverPolicy !== undefined && { deliverPolicy: todaysWord(DELIVER_POLICIES, deliverPolicy) }),
    ...(ackPolicy !== undefined && { ackPolicy: todaysWord(ACK_POLICIES, ackPolicy) }),
    ...(replayPolicy !== undefined && { replayPolicy: todaysWord(REPLAY_POLICIES, replayPolicy) }),
  };
}

function todaysWord<Word extends string>(words: Readonly<Record<string, Word>>, given: string): Word {
  const word = Object.hasOwn(words, given) ? words[given] : undefined;
  return word ?? (given as Word);
}
