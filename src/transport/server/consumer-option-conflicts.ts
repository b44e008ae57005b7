import { InvalidOptionError } from '../../kernel/invalid-option-error.js';
import type { ConsumerOptions } from '../consumer-options.js';
import { PUSH_OPTIONS } from '../legacy/push-consumer.js';

type Option = keyof ConsumerOptions;

/** Options that cannot work together. */
interface Conflict {
  /** The option that is refused. */
  readonly option: Option;
  /** What it has to be instead, naming the other option. */
  readonly allowed: string;
  readonly isPresent: (options: ConsumerOptions) => boolean;
}

const CONFLICTS: readonly Conflict[] = [
  exclusive('startSequence', 'startTime', 'a consumer has one start'),
  exclusive('startSequence', 'startAtTimeDelta', 'a consumer has one start'),
  exclusive('startTime', 'startAtTimeDelta', 'a consumer has one start'),
  exclusive('deliverTo', 'deliverToSubject', 'a consumer delivers to one subject'),
  ...PUSH_OPTIONS.map((push) =>
    exclusive('maxWaiting', push, 'it is for pull consumers, and the other one asks for a push consumer'),
  ),
  exclusive('idleHeartbeat', 'deliverGroup', 'only one instance of the group would get the heartbeats'),
  exclusive('flowControl', 'deliverGroup', 'only one instance of the group would be asked'),
  {
    option: 'bind',
    allowed: 'absent when durable is false: a broadcast has no name',
    isPresent: ({ bind, durable }) => bind === true && durable === false,
  },
  {
    option: 'deliverGroup',
    allowed: 'absent when durable is false: a broadcast is shared with nobody',
    isPresent: ({ durable, deliverGroup }) => durable === false && deliverGroup !== undefined,
  },
  {
    option: 'flowControl',
    allowed: 'absent without idleHeartbeat, which the server requires',
    isPresent: ({ flowControl, idleHeartbeat }) => flowControl === true && idleHeartbeat === undefined,
  },
  {
    option: 'manualAck',
    allowed: 'absent when ackPolicy is none: nothing is acknowledged',
    isPresent: ({ ackPolicy, manualAck }) => ackPolicy === 'none' && manualAck === true,
  },
  {
    option: 'maxDeliver',
    allowed: 'absent when ackPolicy is none: nothing is delivered twice',
    isPresent: ({ ackPolicy, maxDeliver }) => ackPolicy === 'none' && maxDeliver !== undefined,
  },
  {
    option: 'ackPolicy',
    allowed: 'explicit when orderedConsumer is given: the next event waits for the acknowledgement',
    isPresent: ({ ackPolicy, orderedConsumer }) => ackPolicy === 'none' && orderedConsumer === true,
  },
  {
    option: 'concurrency',
    allowed: '1 when orderedConsumer is given: it handles one event at a time',
    isPresent: ({ orderedConsumer, concurrency = 1 }) => orderedConsumer === true && concurrency > 1,
  },
  {
    option: 'concurrency',
    allowed: '1 when ackPolicy all is given: it handles one event at a time',
    isPresent: ({ ackPolicy, concurrency = 1 }) => ackPolicy === 'all' && concurrency > 1,
  },
  {
    option: 'maxAckPending',
    allowed: '1 when orderedConsumer is given: it handles one event at a time',
    isPresent: ({ orderedConsumer, maxAckPending = 1 }) => orderedConsumer === true && maxAckPending > 1,
  },
  otherPolicy('startSequence', 'by_start_sequence'),
  otherPolicy('startTime', 'by_start_time'),
  otherPolicy('startAtTimeDelta', 'by_start_time'),
  {
    option: 'deliverPolicy',
    allowed: 'another without startSequence',
    isPresent: ({ deliverPolicy, startSequence }) =>
      deliverPolicy === 'by_start_sequence' && startSequence === undefined,
  },
  {
    option: 'deliverPolicy',
    allowed: 'another without startTime or startAtTimeDelta',
    isPresent: ({ deliverPolicy, startTime, startAtTimeDelta }) =>
      deliverPolicy === 'by_start_time' && startTime === undefined && startAtTimeDelta === undefined,
  },
];

/**
 * Refuses options that cannot work together.
 *
 * @throws {@link InvalidOptionError} for the first conflict, naming both options.
 */
export function refuseConflicts(options: ConsumerOptions): void {
  const conflict = CONFLICTS.find(({ isPresent }) => isPresent(options));
  if (conflict === undefined) return;
  const { option, allowed } = conflict;
  throw new InvalidOptionError({ option, given: options[option], allowed });
}

/** Two options of which at most one may be given. */
function exclusive(option: Option, other: Option, reason: string): Conflict {
  const isGiven = (value: unknown): boolean => value !== undefined && value !== false;
  return {
    option,
    allowed: `absent when ${other} is given: ${reason}`,
    isPresent: (options) => isGiven(options[option]) && isGiven(options[other]),
  };
}

/** A start that needs one policy, and another policy beside it. */
function otherPolicy(start: Option, policy: string): Conflict {
  return {
    option: 'deliverPolicy',
    allowed: `${policy}, or absent, when ${start} is given`,
    isPresent: (options) =>
      options[start] !== undefined && options.deliverPolicy !== undefined && options.deliverPolicy !== policy,
  };
}
