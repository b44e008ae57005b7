import type { AckPolicy, DeliverPolicy, JsMsg, ReplayPolicy } from '@nats-io/jetstream';

/**
 * How the events of a handler are consumed. Given to {@link NatsJetStreamServer} it holds for all of its handlers; given to one,
 * `@EventPattern('order.*', { consumer: { … } })`, for that one, over what the server has.
 */
export interface NatsConsumerOptions {
  /**
   * The name under which the server remembers what this service has handled: instances of the same name share the events, each other name gets
   * its own copy. `true` takes the connection's `name`. `false` is a broadcast: every instance gets every event, from its start on, and nothing is
   * remembered. To it the pattern is added, so that each handler has a consumer of its own; a name given to a handler itself is taken as it is.
   * @default true
   */
  readonly durable?: string | boolean | undefined;
  /** The stream to consume from, where several capture the pattern, or this user may not look. @default the one that captures the pattern */
  readonly stream?: string | undefined;
  /** The consumer is made by somebody else, under the same name: it is used as it is, and neither made nor changed. @default false */
  readonly bind?: boolean | undefined;
  /** Where a consumer begins when it is made; afterwards it goes on where it is. @default all; `new` for a broadcast */
  readonly deliverPolicy?: DeliverPolicy | undefined;
  /** The same as `deliverPolicy`, and not to be given together with it. */
  readonly deliveryPolicy?: DeliverPolicy | undefined;
  /** Begins at that sequence of the stream. */
  readonly startSequence?: number | undefined;
  /** Begins that many milliseconds ago. */
  readonly startAtTimeDelta?: number | undefined;
  /** Begins at that time. */
  readonly startTime?: Date | undefined;
  /** Asks for a push consumer: prefix of the subject that events are delivered to. It is also the queue group of requests, as it always was. */
  readonly deliverTo?: string | undefined;
  /** Asks for a push consumer: the very subject that events are delivered to. Only where there is one handler, or on a handler. */
  readonly deliverToSubject?: string | undefined;
  /** Asks for a push consumer: the group whose instances share the events. @default the durable's name */
  readonly deliverGroup?: string | undefined;
  /** `explicit`, or `all`, which handles one event at a time, or `none`, which loses what fails. @default explicit */
  readonly ackPolicy?: AckPolicy | undefined;
  /** How long after a crash others wait until they get its events, in milliseconds; while a handler runs it is extended. @default 30000 */
  readonly ackWait?: number | undefined;
  /** Events that may be unacknowledged, over all instances. @default 1000, as the server has it */
  readonly maxAckPending?: number | undefined;
  /** `original` delivers at the pace at which the events were stored. @default instant */
  readonly replayPolicy?: ReplayPolicy | undefined;
  /** Attempts after which an event becomes a dead letter; -1 for no end. @default 5 */
  readonly maxDeliver?: number | undefined;
  /** How long after each failed attempt the next one comes, in milliseconds; the last one is repeated. @default 1000, 5000, 30000, 120000 */
  readonly backoff?: readonly number[] | undefined;
  /** Consumes no more than that subject. It has to lie within the pattern of each handler that it holds for. @default the pattern */
  readonly filterSubject?: string | undefined;
  /** Percentage of the acknowledgements that the server reports in samples. @default 0 */
  readonly sample?: number | undefined;
  /** How often an idle consumer tells that it is alive, in milliseconds; after three silences it is made anew. @default 700; for push none, and the consumer is asked for every 2 s */
  readonly idleHeartbeat?: number | undefined;
  /** The server stops pushing when an instance is slow. Needs `idleHeartbeat` and push. @default false */
  readonly flowControl?: boolean | undefined;
  /** Pulls that may wait at the server. Counts only when the consumer is made. @default 512, as the server has it */
  readonly maxWaiting?: number | undefined;
  /** The same as `maxWaiting`, and not to be given together with it. */
  readonly maxwaiting?: number | undefined;
  /** Events after which an instance takes no more; the consumer stays. @default no end */
  readonly maxMessages?: number | undefined;
  /** The handler settles each event itself, by `context.message`; one that throws before it has is retried as ever. @default false */
  readonly manualAck?: boolean | undefined;
  /** Asks for a push consumer: bits per second at most. @default no limit */
  readonly limit?: number | undefined;
  /** What is shown of the consumer by the server's tools. */
  readonly description?: string | undefined;
  /**
   * Strict order: one event at a time over all instances, and the next when it is done or has become a dead letter. What has been handled stays the
   * server's knowledge, so that it goes on there after a restart. @default false
   */
  readonly orderedConsumer?: boolean | undefined;
  /** Delivers headers alone; the payload is undefined. @default false */
  readonly headersOnly?: boolean | undefined;
  /** Events that a handler works on at a time, in one instance. @default 1 */
  readonly concurrency?: number | undefined;
  /**
   * Events of one key are handled in order within an instance, those of different keys side by side, up to `concurrency`; a failed one is
   * tried again before the next of its key. @default none
   */
  readonly orderedBy?: 'subject' | ((message: JsMsg) => string) | undefined;
}

/** The name that the options had in @nestjs-plugins/nestjs-nats-jetstream-transport. */
export type ServerConsumerOptions = NatsConsumerOptions;
