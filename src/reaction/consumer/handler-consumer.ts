import type { NamedConsumerConfig } from '../../jetstream/api/jetstream-api.js';
import { MessageConsumer } from '../../jetstream/consume/message-consumer.js';
import type {
  ConsumerState,
  MessageConsumerOptions,
} from '../../jetstream/consume/message-consumer-options.js';
import type { LongestCall } from '../../jetstream/consume/message-handling.js';
import type { JetStreamConnection } from '../../jetstream/connection/jetstream-connection.js';
import { toDeadLetterError } from '../../jetstream/dead-letters/dead-letter-error.js';
import type { SoleReader } from '../../jetstream/consume/sole-reader.js';
import { MessageReader } from '../../jetstream/read/message-reader.js';
import { AttemptHistory } from '../delivery/attempt-history.js';
import type { DeliveredMessage } from '../../jetstream/consume/delivered-message.js';
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
import type { RedriveWatch } from './redrive-watch.js';
import { RedrivenMessages } from './redriven-messages.js';

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
  /** The same for a consumer that has been idle for 30 s, in milliseconds. */
  readonly idleHeartbeatMs: number;
  /** Messages after which no more are taken. */
  readonly maxMessages: number;
  readonly policy: ReactionPolicy;
  readonly unpacker: Unpacker<Payload>;
  readonly handle: Handle<Payload>;
  /** Where messages are parked; undefined to drop what is given up. */
  readonly parkingPlace: ParkingPlace | undefined;
  readonly observer: ReactionObserver;
  /** Tells what is redriven from there; undefined where nothing is kept. */
  readonly redriveWatch: RedriveWatch | undefined;
  /** Creates the log again when it is gone; undefined to wait for it. */
  readonly restoreLog: (() => Promise<void>) | undefined;
  /** Given by who is the only reader, and has to keep the order of keys whatever happens. @default there are others */
  readonly sole?: SoleHandling | undefined;
  readonly logger: ReactionLogger;
}

/** The consumption by the only reader. */
export interface SoleHandling extends SoleReader {
  /**
   * Whether a handler may begin at this moment; told whether it is for another event of a commit of which one was
   * just handled. What may not is tried later, and no attempt is counted.
   */
  readonly mayBegin: (isUnderWay: boolean) => boolean;
  /** Told of what was to be parked, and could not be. It is tried again. */
  readonly onUnparked: (error: Error) => void;
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
  /** The call of the handler that has been running for the longest time; undefined when none is. */
  readonly longestCall: LongestCall | undefined;
  /** Messages that this process holds until their next attempt, or until one of the same key is done. */
  readonly waiting: number;
}

/** The consumption of one handler's events: its consumer, and what is redriven to it. */
export class HandlerConsumer<Payload> {
  readonly #options: HandlerConsumerOptions<Payload>;
  readonly #events: MessageConsumer;
  readonly #redriven: RedrivenMessages | undefined;

  private constructor(connection: JetStreamConnection, options: HandlerConsumerOptions<Payload>) {
    this.#options = options;
    const delivery = deliveryOf(connection, options);
    this.#events = eventConsumer(connection, options, delivery);
    this.#redriven = redrivenMessages(connection, options, delivery);
  }

  /**
   * Creates the consumer or brings it up to date. Nothing is read yet.
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
    return consumer;
  }

  get status(): HandlerConsumerStatus {
    const { handler, log, config } = this.#options;
    const { state, problem, longest: longestCall, waiting } = this.#events;
    return { handler, log, consumer: config.name, state, problem, longestCall, waiting };
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
    stream: options.log,
    consumer: consumerLabel,
    handler,
    body: unpacker.parkedBody,
    readBody: async (sequence) => (await reader.bySequenceAtLeader(sequence))?.data,
    logKeepsAll: async () => keepsAllMessages(connection, options.log),
    onParked: (givenUp, error) => {
      const { attempts } = givenUp;
      observer.onDeadLetter({ ...observed(givenUp), attempts, error, isKept: parkingPlace !== undefined });
    },
    onUnparked: (_, error) => options.sole?.onUnparked(error),
    keepsUnparked: options.sole !== undefined,
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
    mayBegin: options.sole?.mayBegin,
    keepsPlace: options.sole !== undefined,
    onAttempt: (call, { error, ...ended }) =>
      observer.onAttempt(() => ({
        ...observed(call),
        ...ended,
        error: error === undefined ? undefined : toDeadLetterError(error),
      })),
  });
}

function eventConsumer<Payload>(
  connection: JetStreamConnection,
  options: HandlerConsumerOptions<Payload>,
  delivery: Delivery<Payload>,
): MessageConsumer {
  const { log, config, bind, heartbeatMs, idleHeartbeatMs, maxMessages, policy, restoreLog } = options;
  return new MessageConsumer(connection, {
    stream: log,
    config,
    bind,
    concurrency: policy.concurrency,
    keyOf: policy.keyOf,
    heartbeatMs,
    idleHeartbeatMs,
    maxMessages,
    handle: async (message) => delivery.deliver(message),
    onHandBack: async (message) => delivery.handBack(message),
    restoreStream: restoreLog,
    sole: options.sole,
    ...listeners(options),
  });
}

function redrivenMessages<Payload>(
  connection: JetStreamConnection,
  options: HandlerConsumerOptions<Payload>,
  delivery: Delivery<Payload>,
): RedrivenMessages | undefined {
  const { config, heartbeatMs, idleHeartbeatMs, policy, parkingPlace, redriveWatch: watch } = options;
  if (parkingPlace === undefined || watch === undefined) return undefined;
  const consumer = {
    stream: parkingPlace.name,
    config: redriveConsumer({ ...config, name: options.consumerLabel ?? config.name }, parkingPlace.name),
    bind: false,
    concurrency: Math.min(policy.concurrency, MAX_REDRIVE_CONCURRENCY),
    heartbeatMs,
    idleHeartbeatMs,
    maxMessages: Number.MAX_SAFE_INTEGER,
    handle: async (message: DeliveredMessage) => delivery.deliverRedriven(message),
    onHandBack: async (message: DeliveredMessage) => delivery.handBack(message),
    ...listeners(options),
  };
  return new RedrivenMessages(connection, { watch, consumer });
}

function listeners({
  logger,
  observer,
  config: { name },
}: Pick<HandlerConsumerOptions<never>, 'logger' | 'observer' | 'config'>): Pick<
  MessageConsumerOptions,
  'onProblem' | 'onNotice'
> {
  return {
    onProblem: (reason) => {
      observer.onInterruption({ consumer: name, reason });
      logger.warn(`consumer ${name} was interrupted: ${reason}; it is read again`);
    },
    onNotice: (text) => logger.warn(`consumer ${name}: ${text}`),
  };
}
