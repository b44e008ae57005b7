import type { NamedConsumerConfig } from '../../jetstream/api/jetstream-api.js';
import { type ConsumerState, MessageConsumer } from '../../jetstream/consume/message-consumer.js';
import type { JetStreamConnection } from '../../jetstream/connection/jetstream-connection.js';
import { toDeadLetterError } from '../../jetstream/dead-letters/dead-letter-error.js';
import { MessageReader } from '../../jetstream/read/message-reader.js';
import { AttemptHistory } from '../delivery/attempt-history.js';
import { Delivery } from '../delivery/delivery.js';
import type { Handle } from '../delivery/handler-call.js';
import type { Unpacker } from '../delivery/unpacker.js';
import { DeliveryLog } from '../delivery-log.js';
import { keepsAllMessages } from '../parking/keeps-all-messages.js';
import { type Original, Parking } from '../parking/parking.js';
import type { ParkingPlace } from '../parking/parking-place.js';
import type { ReactionLogger } from '../reaction-logger.js';
import type { ObservedDelivery, ReactionObserver } from '../reaction-observer.js';
import type { ReactionPolicy } from '../reaction-policy.js';
import { redriveConsumer } from './redrive-consumer.js';

/** Redriven messages are handled a few at a time, in the order in which they were redriven. */
const MAX_REDRIVE_CONCURRENCY = 4;

/** What the consumption of one handler's events needs. */
export interface HandlerConsumerOptions<Payload> {
  /** How the handler is called in dead letters. */
  readonly handler: string;
  /** The JetStream stream that is consumed. */
  readonly log: string;
  /** The consumer's settings. With a `durable_name` the server keeps its position. */
  readonly config: NamedConsumerConfig;
  /** Name of the consumer in log lines and dead letters. @default its name */
  readonly consumerLabel?: string | undefined;
  /** Whether the consumer is managed elsewhere, and used as it is. */
  readonly bind: boolean;
  /** How often an idle pull sends a heartbeat, in milliseconds. */
  readonly heartbeatMs: number;
  /** Messages after which no more are taken. */
  readonly maxMessages: number;
  readonly policy: ReactionPolicy;
  readonly unpacker: Unpacker<Payload>;
  readonly handle: Handle<Payload>;
  /** Where messages are parked; undefined to drop what is given up. */
  readonly parkingPlace: ParkingPlace | undefined;
  readonly observer: ReactionObserver;
  readonly logger: ReactionLogger;
}

/** How the consumption of a handler's events is doing. */
export interface HandlerConsumerStatus {
  /** Name of the handler in dead letters: its pattern. */
  readonly handler: string;
  /** The JetStream stream that is consumed. */
  readonly log: string;
  /** Name of the consumer. */
  readonly consumer: string;
  /** `recovering` while the consumer is created again. */
  readonly state: ConsumerState;
  /** What interrupted it last; undefined while nothing has. */
  readonly problem: string | undefined;
}

/** The consumption of one handler's events: its consumer, and the one of what is redriven to it. */
export class HandlerConsumer<Payload> {
  readonly #options: HandlerConsumerOptions<Payload>;
  readonly #events: MessageConsumer;
  readonly #redriven: MessageConsumer | undefined;

  private constructor(connection: JetStreamConnection, options: HandlerConsumerOptions<Payload>) {
    this.#options = options;
    const delivery = deliveryOf(connection, options);
    this.#events = eventConsumer(connection, options, delivery);
    this.#redriven = redrivenConsumer(connection, options, delivery);
  }

  /**
   * Creates the consumers or brings them up to date. Nothing is read yet.
   *
   * @throws {@link ConsumerSettingsError} when the server refuses the settings, or a consumer to bind to does
   *   not exist.
   */
  static async open<Payload>(
    connection: JetStreamConnection,
    options: HandlerConsumerOptions<Payload>,
  ): Promise<HandlerConsumer<Payload>> {
    const consumer = new HandlerConsumer(connection, options);
    await consumer.#events.open();
    await consumer.#redriven?.open();
    return consumer;
  }

  get status(): HandlerConsumerStatus {
    const { handler, log, config } = this.#options;
    const { state, problem } = this.#events;
    return { handler, log, consumer: config.name, state, problem };
  }

  /** Begins to read. */
  start(): void {
    this.#events.start();
    this.#redriven?.start();
  }

  /**
   * Takes no more messages, waits for the handlers, and hands back what is not done within `graceMs`
   * milliseconds.
   */
  async stop(graceMs: number): Promise<void> {
    await Promise.all([this.#events.stop(graceMs), this.#redriven?.stop(graceMs)]);
  }
}

function deliveryOf<Payload>(
  connection: JetStreamConnection,
  options: HandlerConsumerOptions<Payload>,
): Delivery<Payload> {
  const { config, consumerLabel = config.name, handler, unpacker, parkingPlace } = options;
  const reader = new MessageReader(connection, options.log);
  const log = new DeliveryLog(options.logger, consumerLabel);
  const { observer } = options;
  const observed = ({ message: { subject }, origin }: Original): ObservedDelivery => ({
    subject,
    stream: origin.log,
    sequence: origin.sequence,
    handler,
    consumer: consumerLabel,
  });
  const parking = new Parking({
    place: parkingPlace,
    consumer: consumerLabel,
    handler,
    body: unpacker.parkedBody,
    readBody: async (sequence) => (await reader.bySequenceAtLeader(sequence))?.data,
    logKeepsAll: async () => keepsAllMessages(connection, options.log),
    onParked: (givenUp, error) => {
      const { attempts } = givenUp;
      observer.onDeadLetter({ ...observed(givenUp), attempts, error, isKept: parkingPlace !== undefined });
    },
    log,
  });
  const history = new AttemptHistory({
    records: parkingPlace?.attempts,
    consumer: consumerLabel,
    onFault: ({ message }, error) => log.fault(message, error),
  });
  return new Delivery({
    handle: options.handle,
    policy: options.policy,
    history,
    unpacker,
    parking,
    log,
    onAttempt: (call, { error, ...ended }) =>
      observer.onAttempt({
        ...observed(call),
        ...ended,
        error: error === undefined ? undefined : toDeadLetterError(error),
      }),
  });
}

function eventConsumer<Payload>(
  connection: JetStreamConnection,
  options: HandlerConsumerOptions<Payload>,
  delivery: Delivery<Payload>,
): MessageConsumer {
  const { log, config, bind, heartbeatMs, maxMessages, policy } = options;
  return new MessageConsumer(connection, {
    stream: log,
    config,
    bind,
    concurrency: policy.concurrency,
    keyOf: policy.keyOf,
    heartbeatMs,
    maxMessages,
    handle: async (message, signal) => delivery.deliver(message, signal),
    onProblem: (reason) => warnOf(options, reason),
  });
}

function redrivenConsumer<Payload>(
  connection: JetStreamConnection,
  options: HandlerConsumerOptions<Payload>,
  delivery: Delivery<Payload>,
): MessageConsumer | undefined {
  const { config, heartbeatMs, policy, parkingPlace } = options;
  if (parkingPlace === undefined) return undefined;
  return new MessageConsumer(connection, {
    stream: parkingPlace.name,
    config: redriveConsumer(config, parkingPlace.name),
    bind: false,
    concurrency: Math.min(policy.concurrency, MAX_REDRIVE_CONCURRENCY),
    heartbeatMs,
    maxMessages: Number.MAX_SAFE_INTEGER,
    handle: async (message, signal) => delivery.deliverRedriven(message, signal),
    onProblem: (reason) => warnOf(options, reason),
  });
}

function warnOf(
  { logger, config, observer }: Pick<HandlerConsumerOptions<never>, 'logger' | 'config' | 'observer'>,
  reason: string,
): void {
  observer.onInterruption({ consumer: config.name, reason });
  logger.warn(`consumer ${config.name} was interrupted: ${reason}; it is read again`);
}
