import type { ConsumerConfig, JsMsg } from '@nats-io/jetstream';
import { checkConsumerOptions, isGiven, PUSH_OPTIONS, refuseConflicts } from './consumer-option-rules.js';
import type { NatsConsumerOptions } from './consumer-options.js';

const NS_PER_MS = 1_000_000;
const DEFAULT_BACKOFF_MS = [1_000, 5_000, 30_000, 120_000];
const DEFAULT_MAX_DELIVER = 5;
const PULL_HEARTBEAT_MS = 700;
/** A broadcast's consumer is removed by the server when its instance has been away for this long. */
const BROADCAST_INACTIVE_MS = 60_000;

/** How one handler's events are consumed: the options, checked, with their defaults. */
export interface ConsumerSettings {
  /** `false` for a broadcast, `true` for the service's name. */
  readonly durable: string | boolean;
  readonly stream: string | undefined;
  readonly bind: boolean;
  /** All of the consumer's configuration but its name, its filter and where it delivers to. */
  readonly config: Partial<ConsumerConfig>;
  readonly filterSubject: string | undefined;
  /** Where the server pushes to; undefined for pulls. */
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
  checkConsumerOptions(ofServer, 'consumerOptions.');
  checkConsumerOptions(ofHandler, 'consumer.');
  const options = { ...ofServer, ...ofHandler };
  refuseConflicts(options);
  const { orderedBy, maxDeliver = DEFAULT_MAX_DELIVER } = options;
  return {
    durable: options.durable ?? true,
    stream: options.stream,
    bind: options.bind ?? false,
    config: configOf(options),
    filterSubject: options.filterSubject,
    push: isPush(options)
      ? { prefix: options.deliverTo, subject: options.deliverToSubject, group: options.deliverGroup }
      : undefined,
    heartbeatMs: options.idleHeartbeat ?? PULL_HEARTBEAT_MS,
    concurrency: options.concurrency ?? 1,
    keyOf: orderedBy === 'subject' ? ({ subject }) => subject : orderedBy,
    maxMessages: options.maxMessages ?? Number.MAX_SAFE_INTEGER,
    manualAck: options.manualAck ?? false,
    headersOnly: options.headersOnly ?? false,
    isUnacknowledged: options.ackPolicy === 'none',
    maxDeliver: maxDeliver === -1 ? Infinity : maxDeliver,
    backoffMs: options.backoff ?? DEFAULT_BACKOFF_MS,
  };
}

function isPush(options: NatsConsumerOptions): boolean {
  return PUSH_OPTIONS.some((option) => isGiven(options, option));
}

/** The server gives up on nothing by itself (`max_deliver`): what is exhausted is for us to keep. */
function configOf(options: NatsConsumerOptions): Partial<ConsumerConfig> {
  const { ackWait, sample, idleHeartbeat, ackPolicy = 'explicit' } = options;
  const isOrdered = options.orderedConsumer === true || (ackPolicy === 'all' && options.manualAck !== true);
  return withoutAbsent({
    ...startOf(options),
    ack_policy: ackPolicy,
    replay_policy: options.replayPolicy ?? 'instant',
    max_deliver: ackPolicy === 'none' ? undefined : -1,
    ack_wait: ackWait && ackWait * NS_PER_MS,
    max_ack_pending: isOrdered ? 1 : options.maxAckPending,
    sample_freq: sample === undefined ? undefined : `${sample}%`,
    rate_limit_bps: options.limit,
    description: options.description,
    headers_only: options.headersOnly,
    max_waiting: options.maxWaiting ?? options.maxwaiting,
    idle_heartbeat: isPush(options) && idleHeartbeat ? idleHeartbeat * NS_PER_MS : undefined,
    flow_control: options.flowControl,
    ...(options.durable === false && {
      mem_storage: true,
      num_replicas: 1,
      inactive_threshold: BROADCAST_INACTIVE_MS * NS_PER_MS,
    }),
  });
}

function startOf(options: NatsConsumerOptions): Record<string, unknown> {
  const { startSequence, startTime, startAtTimeDelta, durable } = options;
  const time = startAtTimeDelta === undefined ? startTime : new Date(Date.now() - startAtTimeDelta);
  const byStart = startSequence === undefined ? time && 'by_start_time' : 'by_start_sequence';
  return {
    deliver_policy:
      byStart ?? options.deliverPolicy ?? options.deliveryPolicy ?? (durable === false ? 'new' : 'all'),
    opt_start_seq: startSequence,
    opt_start_time: time?.toISOString(),
  };
}

/** The server takes what is left out for its default. */
function withoutAbsent(config: Record<string, unknown>): Partial<ConsumerConfig> {
  return Object.fromEntries(Object.entries(config).filter(([, value]) => value !== undefined));
}
