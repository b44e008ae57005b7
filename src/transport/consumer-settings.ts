import type { ConsumerConfig, JsMsg } from '@nats-io/jetstream';
import { InvalidOptionError } from '../kernel/errors.js';
import { checkKnownOptions, integerOption, LONGEST_TIMER_MS } from '../kernel/options.js';
import type { NatsConsumerOptions } from './consumer-options.js';

const NS_PER_MS = 1_000_000;
const DEFAULT_BACKOFF_MS = [1_000, 5_000, 30_000, 120_000];
const DEFAULT_MAX_DELIVER = 5;
const PULL_HEARTBEAT_MS = 700;
/** A broadcast's consumer is removed by the server when its instance has been away for this long. */
const BROADCAST_INACTIVE_MS = 60_000;

/** Options that only a push consumer has. */
const PUSH = ['deliverTo', 'deliverToSubject', 'deliverGroup', 'flowControl', 'limit'] as const;

const KNOWN: Record<keyof NatsConsumerOptions, true> = {
  durable: true,
  stream: true,
  bind: true,
  deliverPolicy: true,
  deliveryPolicy: true,
  startSequence: true,
  startAtTimeDelta: true,
  startTime: true,
  deliverTo: true,
  deliverToSubject: true,
  deliverGroup: true,
  ackPolicy: true,
  ackWait: true,
  maxAckPending: true,
  replayPolicy: true,
  maxDeliver: true,
  backoff: true,
  filterSubject: true,
  sample: true,
  idleHeartbeat: true,
  flowControl: true,
  maxWaiting: true,
  maxwaiting: true,
  maxMessages: true,
  manualAck: true,
  limit: true,
  description: true,
  orderedConsumer: true,
  headersOnly: true,
  concurrency: true,
  orderedBy: true,
};

/** Options that exclude each other whatever they say, and why. */
const EXCLUDE: readonly (readonly [keyof NatsConsumerOptions, keyof NatsConsumerOptions, string])[] = [
  ['deliverPolicy', 'deliveryPolicy', 'they are the same'],
  ['maxWaiting', 'maxwaiting', 'they are the same'],
  ['startSequence', 'startTime', 'a consumer has one start'],
  ['startSequence', 'startAtTimeDelta', 'a consumer has one start'],
  ['startTime', 'startAtTimeDelta', 'a consumer has one start'],
  ['deliverTo', 'deliverToSubject', 'a consumer delivers to one subject'],
  ...PUSH.flatMap(
    (push) =>
      [
        ['maxWaiting', push, 'that is for pulls, and the other asks for push'],
        ['maxwaiting', push, 'that is for pulls, and the other asks for push'],
      ] as const,
  ),
  ['idleHeartbeat', 'deliverGroup', 'only one of the group would hear the heartbeats'],
  ['flowControl', 'deliverGroup', 'only one of the group would be asked'],
];

/** How one handler's events are consumed: the options, checked, with their defaults. */
export interface ConsumerSettings {
  /** `false` for a broadcast, `true` for the service's name. */
  readonly durable: string | boolean;
  readonly stream: string | undefined;
  readonly bind: boolean;
  /** All of the consumer's configuration but its name, its filter and where it delivers to. */
  readonly config: Partial<ConsumerConfig>;
  readonly filterSubject: string | undefined;
  readonly push:
    | {
        readonly prefix: string | undefined;
        readonly subject: string | undefined;
        readonly group: string | undefined;
      }
    | undefined;
  readonly heartbeatMs: number;
  readonly concurrency: number;
  readonly keyOf: ((message: JsMsg) => string) | undefined;
  readonly maxMessages: number;
  readonly manualAck: boolean;
  readonly headersOnly: boolean;
  /** At most once: what fails is lost. */
  readonly isUnacknowledged: boolean;
  readonly maxDeliver: number;
  readonly backoffMs: readonly number[];
}

/**
 * The settings of a handler that has these options, over those of its server.
 *
 * @throws {@link InvalidOptionError} naming an option that cannot work, or two that cannot work together.
 */
export function resolveConsumerOptions(
  ofServer: NatsConsumerOptions,
  ofHandler: NatsConsumerOptions = {},
): ConsumerSettings {
  checkKnownOptions(ofServer, Object.keys(KNOWN), 'consumerOptions.');
  checkKnownOptions(ofHandler, Object.keys(KNOWN), 'consumer.');
  const options = { ...ofServer, ...ofHandler };
  for (const [one, other, reason] of EXCLUDE) {
    if (isGiven(options, one) && isGiven(options, other))
      refuse(options, one, `absent when ${other} is given: ${reason}`);
  }
  refuseUnworkable(options);
  const backoffMs = options.backoff ?? DEFAULT_BACKOFF_MS;
  const isOrdered =
    options.orderedConsumer === true || (options.ackPolicy === 'all' && options.manualAck !== true);
  const { orderedBy } = options;
  const isPush = PUSH.some((option) => isGiven(options, option));
  return {
    durable: options.durable ?? true,
    stream: options.stream,
    bind: options.bind ?? false,
    config: configOf(options, { isOrdered, isPush }),
    filterSubject: options.filterSubject,
    push: isPush
      ? { prefix: options.deliverTo, subject: options.deliverToSubject, group: options.deliverGroup }
      : undefined,
    heartbeatMs: integer(options, 'idleHeartbeat', PULL_HEARTBEAT_MS, 100, 15_000),
    concurrency: integer(options, 'concurrency', 1, 1, 10_000),
    keyOf: orderedBy === 'subject' ? ({ subject }) => subject : orderedBy,
    maxMessages: integer(options, 'maxMessages', Number.MAX_SAFE_INTEGER, 1),
    manualAck: options.manualAck ?? false,
    headersOnly: options.headersOnly ?? false,
    isUnacknowledged: options.ackPolicy === 'none',
    maxDeliver: options.maxDeliver === -1 ? Infinity : integer(options, 'maxDeliver', DEFAULT_MAX_DELIVER, 1),
    backoffMs: backoffMs.map((ms) => integerOption('backoff', ms, 0, 0, LONGEST_TIMER_MS)),
  };
}

function refuseUnworkable(options: NatsConsumerOptions): void {
  const { durable, ackPolicy, orderedConsumer, concurrency = 1, maxAckPending = 1, sample } = options;
  if (
    durable !== undefined &&
    typeof durable !== 'boolean' &&
    (typeof durable !== 'string' || durable === '')
  )
    refuse(options, 'durable', 'a name, true or false');
  if (options.bind === true && durable === false)
    refuse(options, 'bind', 'absent when durable is false: a broadcast has no name');
  if (ackPolicy === 'none' && options.manualAck === true)
    refuse(options, 'manualAck', 'absent when ackPolicy is none: nothing is acknowledged');
  if (ackPolicy === 'none' && isGiven(options, 'maxDeliver'))
    refuse(options, 'maxDeliver', 'absent when ackPolicy is none: nothing comes twice');
  const single =
    orderedConsumer === true ? 'orderedConsumer' : ackPolicy === 'all' ? 'ackPolicy all' : undefined;
  if (single !== undefined && concurrency > 1)
    refuse(options, 'concurrency', `1 when ${single} is given: it handles one event at a time`);
  if (orderedConsumer === true && ackPolicy === 'none')
    refuse(
      options,
      'ackPolicy',
      'explicit when orderedConsumer is given: the next event waits for the acknowledgement',
    );
  if (orderedConsumer === true && maxAckPending > 1)
    refuse(options, 'maxAckPending', '1 when orderedConsumer is given: it handles one event at a time');
  if (
    options.orderedBy !== undefined &&
    options.orderedBy !== 'subject' &&
    typeof options.orderedBy !== 'function'
  )
    refuse(options, 'orderedBy', '"subject", or a function of the message');
  if (sample !== undefined && !(sample >= 0 && sample <= 100))
    refuse(options, 'sample', 'a percentage from 0 to 100');
  if (options.flowControl === true && !isGiven(options, 'idleHeartbeat'))
    refuse(options, 'flowControl', 'absent without idleHeartbeat');
  if (options.backoff?.length === 0) refuse(options, 'backoff', 'at least one time, in milliseconds');
  integer(options, 'maxAckPending', 1_000, 1);
  integer(options, 'ackWait', 30_000, 10);
}

/** The server gives up on nothing by itself (`max_deliver`): what is exhausted is for us to keep. */
function configOf(
  options: NatsConsumerOptions,
  { isOrdered, isPush }: { isOrdered: boolean; isPush: boolean },
): Partial<ConsumerConfig> {
  const { ackWait, sample, limit, description, replayPolicy, maxAckPending, durable } = options;
  const maxWaiting = options.maxWaiting ?? options.maxwaiting;
  const ackPolicy = options.ackPolicy ?? 'explicit';
  const config: Record<string, unknown> = {
    ...startOf(options),
    ack_policy: ackPolicy,
    replay_policy: replayPolicy ?? 'instant',
    ...(ackPolicy !== 'none' && { max_deliver: -1 }),
    ...(ackWait !== undefined && { ack_wait: ackWait * NS_PER_MS }),
    ...(isOrdered
      ? { max_ack_pending: 1 }
      : maxAckPending !== undefined && { max_ack_pending: maxAckPending }),
    ...(sample !== undefined && { sample_freq: `${sample}%` }),
    ...(limit !== undefined && { rate_limit_bps: limit }),
    ...(description !== undefined && { description }),
    ...(options.headersOnly !== undefined && { headers_only: options.headersOnly }),
    ...(maxWaiting !== undefined && { max_waiting: maxWaiting }),
    ...(isPush &&
      isGiven(options, 'idleHeartbeat') && { idle_heartbeat: (options.idleHeartbeat ?? 0) * NS_PER_MS }),
    ...(options.flowControl !== undefined && { flow_control: options.flowControl }),
    ...(durable === false && {
      mem_storage: true,
      num_replicas: 1,
      inactive_threshold: BROADCAST_INACTIVE_MS * NS_PER_MS,
    }),
  };
  return config as Partial<ConsumerConfig>;
}

function startOf(options: NatsConsumerOptions): Record<string, unknown> {
  const { startSequence, startTime, startAtTimeDelta, durable } = options;
  const policy = options.deliverPolicy ?? options.deliveryPolicy;
  const time =
    startTime ?? (startAtTimeDelta === undefined ? undefined : new Date(Date.now() - startAtTimeDelta));
  const implied =
    startSequence !== undefined ? 'by_start_sequence' : time !== undefined ? 'by_start_time' : undefined;
  if (policy !== undefined && implied !== undefined && policy !== implied)
    refuse(options, 'deliverPolicy', `${implied}, or absent, with the start that is given`);
  if (policy === 'by_start_sequence' && startSequence === undefined)
    refuse(options, 'deliverPolicy', 'by_start_sequence with startSequence');
  if (policy === 'by_start_time' && time === undefined)
    refuse(options, 'deliverPolicy', 'by_start_time with startTime or startAtTimeDelta');
  if (time !== undefined && Number.isNaN(time.getTime())) refuse(options, 'startTime', 'a valid date');
  integer(options, 'startSequence', 1, 1);
  return {
    deliver_policy: policy ?? implied ?? (durable === false ? 'new' : 'all'),
    ...(startSequence !== undefined && { opt_start_seq: startSequence }),
    ...(time !== undefined && { opt_start_time: time.toISOString() }),
  };
}

function isGiven(options: NatsConsumerOptions, option: keyof NatsConsumerOptions): boolean {
  return options[option] !== undefined && options[option] !== false;
}

function integer(
  options: NatsConsumerOptions,
  option: keyof NatsConsumerOptions,
  fallback: number,
  min: number,
  max?: number,
): number {
  return integerOption(option, options[option] as number | undefined, fallback, min, max);
}

function refuse(options: NatsConsumerOptions, option: keyof NatsConsumerOptions, allowed: string): never {
  throw new InvalidOptionError({ option, given: options[option], allowed });
}
