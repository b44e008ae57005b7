import type { AckPolicy, DeliverPolicy, JsMsg, ReplayPolicy } from '@nats-io/jetstream';
import type { LegacyConsumerOptions } from './legacy/legacy-consumer-options.js';
import type {
  LegacyAckPolicy,
  LegacyDeliverPolicy,
  LegacyReplayPolicy,
  Policies,
} from './legacy/legacy-policies.js';
import type { PushConsumerOptions } from './legacy/push-consumer.js';

/**
 * How the events of a handler are consumed. The options of a {@link NatsJetStreamServer} apply to all of its
 * handlers; those of a handler, `@EventPattern('order.*', { consumer: { … } })`, to that one, and take
 * precedence.
 */
export interface NatsConsumerOptions extends PushConsumerOptions, LegacyConsumerOptions {
  /**
   * The name under which the server remembers what this service has handled: instances of the same name share
   * the events, each other name gets its own copy. `true` takes the connection's `name`. `false` is a
   * broadcast: every instance gets every event from its start on, and nothing is remembered. The pattern is
   * added to the name, so that each handler has a consumer of its own; a name given to a handler itself is
   * taken as it is.
   * @default true
   */
  readonly durable?: string | boolean | undefined;
  /**
   * The JetStream stream to consume from, where several capture the pattern, or this user may not look them
   * up.
   * @default the one that captures the pattern
   */
  readonly stream?: string | undefined;
  /**
   * The consumer of that name is managed elsewhere: it is used as it is, and neither created nor changed.
   * @default false
   */
  readonly bind?: boolean | undefined;
  /**
   * Where a consumer starts when it is created; later it continues at its position. The words of the older
   * transport (`All`, `Last`, `New`, `ByStartSequence`, `ByStartTime`) are taken as well.
   * @default all; `new` for a broadcast
   */
  readonly deliverPolicy?: DeliverPolicy | LegacyDeliverPolicy | undefined;
  /** The sequence of the JetStream stream at which the consumer starts. @default none, see `deliverPolicy` */
  readonly startSequence?: number | undefined;
  /**
   * How long ago the first event was stored that is consumed, in milliseconds.
   * @default none, see `deliverPolicy`
   */
  readonly startAtTimeDelta?: number | undefined;
  /**
   * The consumer starts with the first event that was stored then or later.
   * @default none, see `deliverPolicy`
   */
  readonly startTime?: Date | undefined;
  /**
   * What an acknowledgement applies to. `explicit`: one event. `all`: also those before it; one event is
   * handled at a time. `none`: events are not acknowledged, so those that fail are lost.
   * @default explicit
   */
  readonly ackPolicy?: AckPolicy | LegacyAckPolicy | undefined;
  /**
   * How long after a crash other instances wait until they get its events, in milliseconds. While a handler
   * runs it is extended. @default 30000
   */
  readonly ackWait?: number | undefined;
  /**
   * Events that may be unacknowledged, over all instances. Those in back-off are, and with `orderedBy` those
   * that wait for another of their key: at this number the consumer delivers no others, and `problem` of its
   * status says so. @default 50000, or less where the stream or the account allows less; 1000 for a push
   * consumer
   */
  readonly maxAckPending?: number | undefined;
  /** `original` delivers at the pace at which the events were stored. @default instant */
  readonly replayPolicy?: ReplayPolicy | LegacyReplayPolicy | undefined;
  /** Attempts after which an event becomes a dead letter; -1 for no limit. @default 5 */
  readonly maxDeliver?: number | undefined;
  /**
   * The pauses after failed attempts, in milliseconds; the last one is repeated.
   * @default 1000, 5000, 30000, 120000
   */
  readonly backoff?: readonly number[] | undefined;
  /** Limits the consumption to that subject, which has to be within the pattern. @default the pattern */
  readonly filterSubject?: string | undefined;
  /** Share of the acknowledgements that the server samples, in percent. @default 0 */
  readonly sample?: number | undefined;
  /**
   * How often an idle consumer sends a heartbeat, in milliseconds. After three missing heartbeats the
   * consumer is created again. @default 700, and 3000 after 30 s without an event; none for a push consumer,
   * which is looked up every 2000 instead
   */
  readonly idleHeartbeat?: number | undefined;
  /**
   * Pulls that may wait at the server. Applies only when the consumer is created.
   * @default 512, the server's default
   */
  readonly maxWaiting?: number | undefined;
  /** Events after which an instance takes no more; the consumer remains. @default no limit */
  readonly maxMessages?: number | undefined;
  /**
   * The handler acknowledges each event itself, by `context.message`. If it throws before it has, the event
   * is tried again as usual. @default false
   */
  readonly manualAck?: boolean | undefined;
  /** Description of the consumer in the server's tools. @default the pattern */
  readonly description?: string | undefined;
  /**
   * Strict order: one event at a time over all instances, and the next one when it is done or has become a
   * dead letter. The position is kept by the server, so consumption continues there after a restart. @default
   * false
   */
  readonly orderedConsumer?: boolean | undefined;
  /** Delivers headers only; the payload is undefined. @default false */
  readonly headersOnly?: boolean | undefined;
  /**
   * The longest time that a handler may take for an event, in milliseconds. An attempt that takes longer has
   * failed with a {@link HandlerTimeoutError}: the event is tried again, or becomes a dead letter. The handler is
   * not stopped; its late result is ignored. @default no limit
   */
  readonly handlerTimeout?: number | undefined;
  /** Events that a handler works on at a time, in one instance. @default 1 */
  readonly concurrency?: number | undefined;
  /**
   * Events of one key are handled in order within an instance, those of different keys side by side, up to
   * `concurrency`. A failed event is tried again before the next one of its key, and events of other keys are
   * handled meanwhile. @default no order
   */
  readonly orderedBy?: 'subject' | ((message: JsMsg) => string) | undefined;
}

/** The options under their names of today, with policies in the server's words. */
export type ConsumerOptions = Omit<NatsConsumerOptions, keyof LegacyConsumerOptions | keyof Policies> &
  Policies;
