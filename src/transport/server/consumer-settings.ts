import type { ConsumerConfig } from '@nats-io/jetstream';
import type { ReactionPolicy } from '../../reaction/reaction-policy.js';
import type { ConsumerOptions, NatsConsumerOptions } from '../consumer-options.js';
import { type PushSettings, pushSettings } from '../legacy/push-consumer.js';
import { refuseConflicts } from './consumer-option-conflicts.js';
import { toConsumerOptions } from './consumer-option-rules.js';

const NS_PER_MS = 1_000_000;
const DEFAULT_BACKOFF_MS = [1_000, 5_000, 30_000, 120_000];
const DEFAULT_MAX_DELIVER = 5;
const PULL_HEARTBEAT_MS = 700;
/** A consumer that has been idle for 30 s says so less often. */
const IDLE_PULL_HEARTBEAT_MS = 3_000;
/** The server removes a broadcast's consumer when its instance has been away for 60 s. */
const BROADCAST_CONFIG = { mem_storage: true, num_replicas: 1, inactive_threshold: 60_000 * NS_PER_MS };

/** How one handler's events are consumed: the options, checked, with their defaults. */
export interface ConsumerSettings extends ReactionPolicy {
  /** `false` for a broadcast, `true` for the service's name. */
  readonly durable: string | boolean;
  readonly stream: string | undefined;
  readonly bind: boolean;
  /** All of the consumer's configuration except its name, its filter and where it delivers to. */
  readonly config: Partial<ConsumerConfig>;
  readonly filterSubject: string | undefined;
  /** Where the server pushes to; undefined for a pull consumer. */
  readonly push: PushSettings | undefined;
  readonly heartbeatMs: number;
  readonly idleHeartbeatMs: number;
  readonly maxMessages: number;
  readonly headersOnly: boolean;
}

/**
 * The settings of a handler that has these options, which take precedence over those of its server.
 *
 * @throws {@link InvalidOptionError} naming an option that cannot work, or two that cannot work together.
 */
export function resolveConsumerOptions(
  ofServer: NatsConsumerOptions,
  ofHandler: NatsConsumerOptions = {},
): ConsumerSettings {
  const options = {
    ...toConsumerOptions(ofServer, 'consumerOptions'),
    ...toConsumerOptions(ofHandler, 'consumer'),
  };
  refuseConflicts(options);
  return {
    ...policyOf(options),
    durable: options.durable ?? true,
    stream: options.stream,
    bind: options.bind ?? false,
    config: configOf(options),
    filterSubject: options.filterSubject,
    push: pushSettings(options),
    heartbeatMs: options.idleHeartbeat ?? PULL_HEARTBEAT_MS,
    idleHeartbeatMs: options.idleHeartbeat ?? IDLE_PULL_HEARTBEAT_MS,
    maxMessages: options.maxMessages ?? Number.MAX_SAFE_INTEGER,
    headersOnly: options.headersOnly ?? false,
  };
}

function policyOf(options: ConsumerOptions): ReactionPolicy {
  const { orderedBy, maxDeliver = DEFAULT_MAX_DELIVER } = options;
  return {
    handlerTimeoutMs: options.handlerTimeout,
    concurrency: options.concurrency ?? 1,
    keyOf: orderedBy === 'subject' ? ({ subject }) => subject : orderedBy,
    manualAck: options.manualAck ?? false,
    isUnacknowledged: options.ackPolicy === 'none',
    maxDeliver: maxDeliver === -1 ? Infinity : maxDeliver,
    backoffMs: options.backoff ?? DEFAULT_BACKOFF_MS,
  };
}

/** The server's own `max_deliver` stays unlimited: what it gives up on it does not keep. */
function configOf(options: ConsumerOptions): Partial<ConsumerConfig> {
  const { ackWait, sample, ackPolicy = 'explicit' } = options;
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
    max_waiting: options.maxWaiting,
    idle_heartbeat: pushHeartbeatOf(options),
    flow_control: options.flowControl,
    ...(options.durable === false && BROADCAST_CONFIG),
  });
}

/** A pull's heartbeat belongs to the pull, not to the consumer. */
function pushHeartbeatOf(options: ConsumerOptions): number | undefined {
  const { idleHeartbeat } = options;
  const isPush = pushSettings(options) !== undefined;
  return isPush && idleHeartbeat !== undefined ? idleHeartbeat * NS_PER_MS : undefined;
}

function startOf(options: ConsumerOptions): Record<string, unknown> {
  const { startSequence, startTime, startAtTimeDelta, durable } = options;
  const time = startAtTimeDelta === undefined ? startTime : new Date(Date.now() - startAtTimeDelta);
  const byStart = startSequence === undefined ? time && 'by_start_time' : 'by_start_sequence';
  return {
    deliver_policy: byStart ?? options.deliverPolicy ?? (durable === false ? 'new' : 'all'),
    opt_start_seq: startSequence,
    opt_start_time: time?.toISOString(),
  };
}

/** The server uses its default for a field that is left out. */
function withoutAbsent(config: Record<string, unknown>): Partial<ConsumerConfig> {
  return Object.fromEntries(Object.entries(config).filter(([, value]) => value !== undefined));
}
