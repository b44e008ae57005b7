import { Logger } from '@nestjs/common';
import {
  type BaseRpcContext,
  type CustomTransportStrategy,
  type MessageHandler,
  Server,
  type WritePacket,
} from '@nestjs/microservices';
import type { NatsConnection } from '@nats-io/transport-node';
import { isObservable, lastValueFrom, type Observable } from 'rxjs';
import { causedBy, runWithMetadata } from '../../event/metadata-context.js';
import type { DeadLetterStream } from '../../jetstream/dead-letters/dead-letter-stream.js';
import { subjectPattern } from '../../jetstream/names/subject-pattern.js';
import { checkStorage } from '../../jetstream/streams/check-storage.js';
import { ConfiguredStreams } from '../../jetstream/streams/configured-streams.js';
import { ConnectionClosedError, NatsError } from '../../jetstream/connection/connection-errors.js';
import { InvalidOptionError } from '../../kernel/invalid-option-error.js';
import { mapBounded } from '../../kernel/map-bounded.js';
import type { HandlerConsumer } from '../../reaction/consumer/handler-consumer.js';
import type { ReactionObserver } from '../../reaction/reaction-observer.js';
import { RedriveWatch } from '../../reaction/consumer/redrive-watch.js';
import { openParkingPlace } from '../../reaction/parking/open-parking-place.js';
import { resolveConsumerOptions } from './consumer-settings.js';
import { correlationIn } from '../correlation-header.js';
import { type EventConsumerStatus, toEventConsumerStatus } from './event-consumer-status.js';
import { EventSubscriptions } from './event-subscriptions.js';
import { NestHandlers } from './nest-handlers.js';
import { initializeCodec } from '../initialize-codec.js';
import { JsonRequestDeserializer } from './json-request-deserializer.js';
import { JsonSerializer } from '../json-serializer.js';
import type { NatsJetStreamContext } from './nats-jetstream.context.js';
import {
  type NatsJetStreamServerOptions,
  resolveServerOptions,
  type ServerSettings,
} from './nats-jetstream-server-options.js';
import { inRemoteContext } from '../open-telemetry.js';
import { type EventConsumerParts, type EventPacket, openEventConsumer } from './open-event-consumer.js';
import { originalError } from './original-error.js';
import { type OrphanedConsumer, OrphanedConsumers } from './orphaned-consumers.js';
import { type PlannedConsumer, planConsumers } from './plan-consumers.js';
import { RequestServer } from './request-server.js';
import { DEFAULT_SERVICE_NAME, TransportConnection } from '../transport-connection.js';
import {
  type NatsJetStreamServerEvents,
  type NatsJetStreamStatus,
  TransportEvents,
} from '../transport-events.js';

/** Consumers that are created at a time. */
const SET_UP_WIDTH = 8;

/** How a server is doing. */
export interface NatsJetStreamHealth {
  /** Whether the server is connected and none of its consumers is recovering. */
  readonly isHealthy: boolean;
  /** State of the connection to NATS. */
  readonly connection: NatsJetStreamStatus;
  /** The consumers of the event handlers, one for each. */
  readonly consumers: readonly EventConsumerStatus[];
  /**
   * Durable consumers of this service that none of its handlers has, such as that of a handler whose pattern
   * was changed. They do not make the server unhealthy. Undefined before they were looked for, and where this
   * user may not list consumers.
   */
  readonly orphans: readonly OrphanedConsumer[] | undefined;
}

/** What a server has while it listens. */
interface ServerSession {
  readonly connection: TransportConnection;
  readonly consumers: readonly HandlerConsumer<EventPacket>[];
  readonly requests: RequestServer;
  readonly orphans: OrphanedConsumers | undefined;
}

/**
 * A microservice on JetStream. `@EventPattern` handlers consume events from JetStream streams, at least once,
 * each with a consumer of its own. `@MessagePattern` handlers answer requests over core NATS. An event is
 * acknowledged when its handler has succeeded. It is delivered again after a pause when the handler failed,
 * and becomes a dead letter when its attempts are used up.
 *
 * Events are consumed and requests answered as soon as `listen` has finished. In a hybrid application call
 * `app.init()` before `app.startAllMicroservices()`, or use the server of {@link NatsJetStreamServerModule},
 * which waits for that by itself.
 *
 * @example
 * const app = await NestFactory.createMicroservice(ShopModule, {
 *   strategy: new NatsJetStreamServer({
 *     connectionOptions: { servers: 'nats://127.0.0.1:4222', name: 'shop' },
 *     streamConfig: { name: 'orders', subjects: ['order.*'] },
 *   }),
 * });
 */
export class NatsJetStreamServer
  extends Server<NatsJetStreamServerEvents, NatsJetStreamStatus>
  implements CustomTransportStrategy
{
  /** Identifies this server in decorators: the option of that name. */
  override readonly transportId: symbol;
  /** Nest passes the error of an event handler on: the transport decides on the next attempt. */
  override readonly propagatesEventHandlerErrors = true;
  protected override readonly logger = new Logger(NatsJetStreamServer.name);
  readonly #settings: ServerSettings;
  readonly #subscriptions = new EventSubscriptions();
  readonly #nestHandlers = new NestHandlers(this);
  readonly #requestHandlers = new Map<string, MessageHandler>();
  readonly #events = new TransportEvents<NatsJetStreamServerEvents>((status) => this.#note(status));
  readonly #observer: ReactionObserver = {
    onAttempt: (attempt) => {
      if (this.#events.has('attempt')) this.#events.emit('attempt', attempt());
    },
    onDeadLetter: (letter) => this.#events.emit('deadLetter', letter),
    onInterruption: (interruption) => this.#events.emit('interruption', interruption),
  };
  #connectionStatus: NatsJetStreamStatus = 'disconnected';
  #session: ServerSession | undefined;
  #listening: Promise<void> | undefined;
  #closing: Promise<void> | undefined;
  /** Set where the server waits for the bootstrap of the application. */
  #bootstrap: { readonly promise: Promise<void>; readonly done: () => void } | undefined;
  #isReading = false;

  /**
   * @throws {@link InvalidOptionError} naming an option that cannot work, or two that cannot work together.
   */
  constructor(options: NatsJetStreamServerOptions = {}) {
    super();
    this.#settings = resolveServerOptions(options);
    this.transportId = this.#settings.transportId;
    this.serializer = options.serializer ?? new JsonSerializer();
    this.deserializer = options.deserializer ?? new JsonRequestDeserializer();
    // options that cannot work are refused here, so that the stack shows where they were given
    resolveConsumerOptions(this.#settings.consumerOptions);
  }

  /**
   * Consumes no events and answers no requests until Nest calls {@link onApplicationBootstrap}. For a server
   * that is a provider of its application.
   */
  startAfterBootstrap(): this {
    let done: () => void = () => undefined;
    this.#bootstrap = { promise: new Promise((resolve) => (done = resolve)), done };
    return this;
  }

  /** Called by Nest when all modules have been initialized. */
  onApplicationBootstrap(): void {
    this.#bootstrap?.done();
  }

  /**
   * Called by Nest for each handler. Event handlers of one pattern stay separate: each has its own consumer
   * and its own attempts.
   *
   * @throws {@link InvalidOptionError} when the pattern is a regular expression, or no subject.
   */
  override addHandler(
    pattern: unknown,
    callback: MessageHandler,
    isEventHandler = false,
    extras: Record<string, unknown> = {},
  ): void {
    if (pattern instanceof RegExp) {
      const allowed = 'a subject, with * and > for wildcards, or an object';
      throw new InvalidOptionError({ option: 'pattern', given: pattern.source, allowed });
    }
    const normalized = subjectPattern('pattern', this.normalizePattern(pattern as string));
    callback.isEventHandler = isEventHandler;
    callback.extras = extras;
    const method = this.#nestHandlers.methodOf(normalized, extras);
    if (isEventHandler) this.#subscriptions.add({ pattern: normalized, handler: callback, method });
    else this.#requestHandlers.set(normalized, callback);
    if (!this.messageHandlers.has(normalized)) this.messageHandlers.set(normalized, callback);
  }

  /**
   * Connects, brings JetStream streams and consumers up to date, and starts to consume. Every failure is
   * passed to the callback, and the connection is closed then. Called again, it has the same result. A server
   * that was closed stays closed.
   */
  async listen(callback: (error?: unknown) => void): Promise<void> {
    if (this.#closing !== undefined) return callback(new ConnectionClosedError('the server'));
    this.#listening ??= this.#open();
    try {
      await this.#listening;
    } catch (error) {
      await this.close().catch((failure: unknown) => this.handleError(String(failure)));
      return callback(error);
    }
    callback();
  }

  /**
   * Takes no more events and requests, waits for handlers up to `shutdownTimeoutMs`, hands back the rest, and
   * disconnects. Safe to call twice, and before `listen`.
   */
  async close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** Calls back for each event of that name. What the callback throws is a process warning. */
  override on<Event extends keyof NatsJetStreamServerEvents>(
    event: Event,
    callback: NatsJetStreamServerEvents[Event],
  ): void {
    this.#events.on(event, callback);
  }

  /**
   * The NATS client's connection.
   *
   * @throws {@link NatsError} before the server listens.
   */
  override unwrap<T = NatsConnection>(): T {
    if (this.#session !== undefined) return this.#session.connection.nc as T;
    throw new NatsError(
      'Not initialized. Please call the "listen"/"startAllMicroservices" method before accessing the server.',
    );
  }

  /** How the server and each of its consumers are doing. */
  health(): NatsJetStreamHealth {
    const consumers = this.#session?.consumers.map(({ status }) => toEventConsumerStatus(status)) ?? [];
    const isRunning = consumers.every(({ state }) => state !== 'recovering');
    return {
      isHealthy: this.#session !== undefined && this.#connectionStatus === 'connected' && isRunning,
      connection: this.#connectionStatus,
      consumers,
      orphans: this.#session?.orphans?.current,
    };
  }

  async #open(): Promise<void> {
    const { connectionOptions, jetStreamOptions, consumerOptions, streams, service } = this.#settings;
    const subscriptions = this.#subscriptions.resolve({ options: consumerOptions, service });
    await initializeCodec(this.serializer);
    await initializeCodec(this.deserializer);
    const connection = await TransportConnection.acquire(connectionOptions, jetStreamOptions);
    this.#events.follow(connection);
    const requests = this.#requestServer(connection);
    this.#session = { connection, consumers: [], requests, orphans: undefined };
    const { jetstream } = connection;
    await checkStorage(jetstream, streams, (warning) => this.logger.warn(warning));
    const configured = new ConfiguredStreams(jetstream, { streams, owner: service ?? DEFAULT_SERVICE_NAME });
    await configured.ensure();
    const planned = await planConsumers(jetstream, subscriptions, this.logger);
    const deadLetters = await this.#openDeadLetters(connection, planned);
    const parts: EventConsumerParts = {
      connection: jetstream,
      service,
      parkingPlace: deadLetters,
      redriveWatch: deadLetters && new RedriveWatch(deadLetters),
      streams: configured,
      registry: this.#settings.registry,
      deserializer: this.deserializer,
      call: this.#callHandler.bind(this),
      observer: this.#observer,
      logger: this.logger,
    };
    const consumers = await mapBounded(planned, async (each) => openEventConsumer(parts, each), {
      width: SET_UP_WIDTH,
    });
    const orphans = new OrphanedConsumers({ connection: jetstream, planned, logger: this.logger });
    this.#session = { ...this.#session, consumers, orphans };
    // a list of consumers may take long in a cluster, and nothing depends on it
    void orphans.look();
    await this.#session.requests.open();
    if (this.#bootstrap === undefined) return this.#start(this.#session);
    const { promise } = this.#bootstrap;
    void promise
      .then(async () => this.#session && this.#start(this.#session))
      .catch((error: unknown) => this.handleError(String(error)));
  }

  async #start({ requests, consumers }: ServerSession): Promise<void> {
    if (this.#closing !== undefined) return;
    this.#isReading = true;
    await requests.start();
    for (const consumer of consumers) consumer.start();
  }

  async #close(): Promise<void> {
    await this.#listening?.catch(() => undefined);
    const session = this.#session;
    this.#session = undefined;
    if (session === undefined) return;
    const { shutdownTimeoutMs } = this.#settings;
    if (this.#isReading) {
      await Promise.all([
        session.requests.stop(shutdownTimeoutMs),
        ...session.consumers.map(async (consumer) => consumer.stop(shutdownTimeoutMs)),
      ]);
    }
    await session.connection.release();
    this.#note('disconnected');
  }

  #note(status: NatsJetStreamStatus): void {
    this.#connectionStatus = status;
    this._status$.next(status);
  }

  async #openDeadLetters(
    { jetstream }: TransportConnection,
    planned: readonly PlannedConsumer[],
  ): Promise<DeadLetterStream | undefined> {
    const { deadLetters: settings, service = DEFAULT_SERVICE_NAME } = this.#settings;
    const durable = planned.filter(({ subscription }) => subscription.settings.durable !== false);
    if (settings === undefined || durable.length === 0) return undefined;
    const logs = [...new Set(durable.map(({ selection }) => selection.log))];
    return openParkingPlace(jetstream, { service, logs, settings });
  }

  #requestServer(connection: TransportConnection): RequestServer {
    return new RequestServer({
      connection,
      queue: this.#settings.queue,
      handlers: this.#requestHandlers,
      serializer: this.serializer,
      deserializer: this.deserializer,
      handle: (context, produce, respond) => this.#handleRequest(context, produce, respond),
      openTelemetry: this.#settings.openTelemetry,
    });
  }

  /** Nest 11 has no `handleRequest`, only the hooks. */
  #handleRequest(
    context: BaseRpcContext,
    produce: () => Promise<Observable<unknown>>,
    respond: (packet: WritePacket) => Promise<unknown> | void,
  ): Promise<void> | void {
    if (typeof this.handleRequest === 'function') return this.handleRequest(context, produce, respond);
    return this.#withHooks(context, async () => {
      this.send(await produce(), respond as (packet: WritePacket) => void);
    });
  }

  /** Calls an event handler and waits until its Observable, if it returns one, is complete. */
  async #callHandler(handler: MessageHandler, data: unknown, context: NatsJetStreamContext): Promise<void> {
    const work = async (): Promise<void> => {
      const result: unknown = await handler(data, context);
      if (isObservable(result)) await lastValueFrom(result, { defaultValue: undefined });
    };
    const event = context.getEvent();
    const headers = context.getHeaders();
    const metadata = event === undefined ? correlationIn(headers) : causedBy(event);
    try {
      await inRemoteContext(this.#settings.openTelemetry, headers, async () =>
        runWithMetadata(metadata, async () => this.#withHooks(context, work)),
      );
    } catch (error) {
      throw originalError(context, error);
    }
  }

  /** A hook may not return the promise of what it was given to run, so the work itself is awaited. */
  async #withHooks(context: BaseRpcContext, work: () => Promise<void>): Promise<void> {
    return new Promise((resolve, reject) => {
      const run = async (): Promise<void> => {
        try {
          await work();
          resolve();
        } catch (error) {
          reject(error as Error);
        } finally {
          this.onProcessingEndHook?.(this.transportId, context);
        }
      };
      const start = this.onProcessingStartHook as typeof this.onProcessingStartHook | undefined;
      if (start === undefined) return void run();
      Promise.resolve(start(this.transportId, context, run)).catch(reject);
    });
  }
}
