import { Inject, Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import { ClientProxy, type ReadPacket, type WritePacket } from '@nestjs/microservices';
import type { PubAck } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { connectable, defer, type Observable, Subject } from 'rxjs';
import type { HeaderValues } from '../../log/message-log.js';
import { CallSite } from '../../kernel/call-site.js';
import { Deadline } from '../../kernel/deadline.js';
import { ConnectionClosedError, NatsError } from '../../jetstream/connection/connection-errors.js';
import { InvalidOptionError } from '../../kernel/invalid-option-error.js';
import { mapBounded } from '../../kernel/map-bounded.js';
import type { BatchAck } from '../../jetstream/publish/batch-publisher.js';
import { cancelSchedule, type ScheduleRef } from '../../jetstream/publish/cancel-schedule.js';
import { assetName } from '../../jetstream/names/asset-name.js';
import type { PublishRequest } from '../../jetstream/publish/publish-request.js';
import { type ClientSession, openClientSession } from './client-session.js';
import {
  type NatsJetStreamClientEvents,
  type NatsJetStreamStatus,
  TransportEvents,
} from '../transport-events.js';
import { correlationHeaders } from '../correlation-header.js';
import {
  type BatchEvent,
  emitBatchTimeout,
  type EmitBatchOptions,
  type EmitManyOptions,
  emitManyWidth,
  isNothing,
} from './emit-options.js';
import { mergePublishOptions, toPublishRequest } from './event-request.js';
import { toHeaderValues } from '../header-values.js';
import { initializeCodec } from '../initialize-codec.js';
import { JsonResponseDeserializer } from './json-response-deserializer.js';
import { JsonSerializer } from '../json-serializer.js';
import { literalSubject } from './literal-subject.js';
import { toMessageBody } from '../message-body.js';
import {
  type ClientSettings,
  type NatsJetStreamClientOptions,
  resolveClientOptions,
} from './nats-jetstream-client-options.js';
import { NATS_JETSTREAM_OPTIONS } from '../nats-jetstream.constants.js';
import { checkRequestOptions } from './nats-request-record.js';
import { contextHeaders } from '../open-telemetry.js';
import { toEventRecord, toRequestRecord } from './outgoing-record.js';
import { RequestCall } from './request-call.js';

/**
 * Emits events into JetStream and sends requests over core NATS. It connects at the first use or by
 * `connect()`, and is closed with the application.
 *
 * `emit` returns the acknowledgement (`PubAck`) of the JetStream stream: the event is stored, once, even if
 * it had to be sent several times. It is sent again during elections and reconnects, until its timeout. It
 * fails at once with errors that a retry cannot solve ({@link JetStreamNotFoundError},
 * {@link ExpectationFailedError}, {@link PublishRefusedError}).
 *
 * `send` returns the values of the answer. It fails with what the handler threw, or with
 * {@link RequestTimeoutError} or {@link NoResponderError}. Unsubscribing cancels it.
 *
 * @example
 * constructor(private readonly client: NatsJetStreamClientProxy) {}
 *
 * async create(order: Order): Promise<PubAck> {
 *   return lastValueFrom(this.client.emit<PubAck>('order.created', order));
 * }
 */
@Injectable()
export class NatsJetStreamClientProxy
  extends ClientProxy<NatsJetStreamClientEvents>
  implements OnApplicationShutdown
{
  readonly #logger = new Logger(NatsJetStreamClientProxy.name);
  readonly #settings: ClientSettings;
  readonly #events = new TransportEvents<NatsJetStreamClientEvents>((status) => this._status$.next(status));
  readonly #calls = new Set<RequestCall>();
  #opening: Promise<ClientSession> | undefined;
  #session: ClientSession | undefined;
  /** Counts the calls of `close`: a connection that was being opened at the time is closed again. */
  #closes = 0;

  /**
   * @throws {@link InvalidOptionError} naming an option that cannot work, or two that cannot work together.
   */
  constructor(@Inject(NATS_JETSTREAM_OPTIONS) options: NatsJetStreamClientOptions = {}) {
    super();
    this.#settings = resolveClientOptions(options);
    this.serializer = options.serializer ?? new JsonSerializer();
    this.deserializer = options.deserializer ?? new JsonResponseDeserializer();
  }

  /**
   * Connects unless it is already connected, and brings the JetStream streams of `streamConfig` up to date.
   *
   * @throws {@link NatsError} when no server can be reached, or refuses.
   * @throws {@link JetStreamSettingsError} when a JetStream stream cannot have these settings.
   */
  async connect(): Promise<NatsConnection> {
    return (await this.#open()).connection.nc;
  }

  /** Fails pending requests and releases the connection. Safe to call twice; the next use connects again. */
  async close(): Promise<void> {
    const session = this.#session;
    this.#closes += 1;
    this.#forget();
    await session?.connection.release();
  }

  /** Called by Nest when the application shuts down. */
  async onApplicationShutdown(): Promise<void> {
    await this.close();
  }

  /** State of the connection: the current one, and each change. */
  override get status(): Observable<NatsJetStreamStatus> {
    return super.status as Observable<NatsJetStreamStatus>;
  }

  /** Calls back for each event of the connection of that name. */
  override on<Event extends keyof NatsJetStreamClientEvents>(
    event: Event,
    callback: NatsJetStreamClientEvents[Event],
  ): void {
    this.#events.on(event, callback);
  }

  /**
   * The NATS client's connection.
   *
   * @throws {@link NatsError} before the client has connected.
   */
  unwrap<T = NatsConnection>(): T {
    if (this.#session !== undefined) return this.#session.connection.nc as T;
    throw new NatsError('Not initialized. Please call the "connect" method first.');
  }

  /**
   * Stores one event, and returns the acknowledgement (`PubAck`) of the JetStream stream. The event is sent
   * at the call, with or without a subscriber. The stack of an error contains the line of the call.
   *
   * @param pattern The subject, or an object that becomes one.
   * @param data The payload, or a {@link NatsJetStreamRecord} with its options.
   * @throws the errors that the class names, to the subscribers.
   */
  override emit<TResult = PubAck, TInput = unknown>(pattern: unknown, data: TInput): Observable<TResult> {
    if (isNothing(pattern) || isNothing(data)) return super.emit<TResult, TInput>(pattern, data);
    const call = new CallSite();
    const source = defer(async () => this.#emit<TResult>({ pattern, data }, call));
    const emitted = connectable(source, { connector: () => new Subject(), resetOnDisconnect: false });
    emitted.connect();
    return emitted;
  }

  /**
   * Emits many payloads, or records, with the same pattern. With `maxInFlight` events pending, the next
   * payload is taken when one has been acknowledged, so the source is read no faster than events are stored.
   * Events are stored in any order.
   *
   * @returns the acknowledgements, in the order of the payloads.
   * @throws {@link InvalidOptionError} when `data` cannot be iterated.
   * @throws the error of the first `emit` that failed, when pending ones have ended. Payloads before it may
   *   be stored, and some after it, too. With message ids, all can safely be emitted again.
   * @example
   * const acks = await client.emitMany('order.imported', readOrders(file));
   */
  async emitMany<T>(
    pattern: unknown,
    data: Iterable<T> | AsyncIterable<T>,
    options: EmitManyOptions = {},
  ): Promise<PubAck[]> {
    const width = emitManyWidth(data, options);
    const call = new CallSite();
    const emitOne = async (item: T): Promise<PubAck> => {
      if (isNothing(item)) throw new InvalidOptionError({ option: 'data', given: item, allowed: 'payloads' });
      return this.#store(this.#dispatched({ pattern, data: item }));
    };
    try {
      return await mapBounded(data, emitOne, { width, signal: options.signal });
    } catch (error) {
      call.addTo(error);
      throw error;
    }
  }

  /**
   * Stores several events, all or none, in one JetStream stream, which needs `allow_atomic: true`, on
   * nats-server 2.12.1 or later. At most 1,000 events. They have consecutive sequences in their order, and no
   * reader sees some of them without the others.
   *
   * Events may have options, except `delayMs`, `deliverAt` and `expect.lastMsgID`. `expect.lastSubjectSequence`
   * counts for the first event of a subject, `expect.lastSequence` for the first of all.
   *
   * @throws {@link InvalidOptionError} when the events cannot be a batch, or the stream does not allow one.
   * @throws {@link UnsupportedByServerError} when the server is too old.
   * @throws {@link JetStreamNotFoundError} when no stream captures all of them.
   * @throws {@link ExpectationFailedError} when an expectation does not hold; none was stored.
   * @throws {@link PublishRefusedError} when the stream refuses them, such as for a message id that it knows;
   *   none was stored.
   * @throws {@link PublishOutcomeUnknownError} when no answer came: all are stored, or none.
   * @example
   * await client.emitBatch([
   *   { pattern: 'order.placed', data: order },
   *   { pattern: 'stock.reserved', data: items },
   * ]);
   */
  async emitBatch(events: readonly BatchEvent[], options: EmitBatchOptions = {}): Promise<BatchAck> {
    const call = new CallSite();
    try {
      const timeoutMs = emitBatchTimeout(events, options, this.#settings.publishTimeoutMs);
      const requests = await Promise.all(events.map(async (event) => this.#batched(event)));
      const { batches } = await this.#open();
      return await batches.publish(requests, new Deadline(timeoutMs));
    } catch (error) {
      this.#events.emit('publishFailed', { pattern: events[0]?.pattern, error: error as Error });
      call.addTo(error);
      throw error;
    }
  }

  /**
   * Ends an event that was emitted with the option `schedule`. What has been delivered already stays.
   *
   * @returns whether there was one of that name.
   * @throws {@link InvalidOptionError} when the stream or the schedule has no name.
   * @throws {@link NatsError} when the stream does not exist, or no server answers.
   */
  async cancelSchedule({ stream, name }: ScheduleRef): Promise<boolean> {
    assetName('stream', stream);
    if (typeof name !== 'string' || name === '')
      throw new InvalidOptionError({ option: 'name', given: name, allowed: 'the name of the schedule' });
    const { connection } = await this.#open();
    const deadline = new Deadline(this.#settings.publishTimeoutMs);
    return cancelSchedule(connection.jetstream, { stream, name }, deadline);
  }

  async #batched({ pattern, data }: BatchEvent): Promise<PublishRequest> {
    return (await this.#toRequest(this.#dispatched({ pattern, data }))).request;
  }

  /** Called by `emit`: stores one event. */
  protected async dispatchEvent<T = PubAck>(packet: ReadPacket): Promise<T> {
    try {
      return (await this.#store(packet)) as T;
    } catch (error) {
      // the caller may not have subscribed to the Observable
      this.#logger.warn((error as Error).message);
      throw error;
    }
  }

  /** Called by `send`: sends one request. */
  protected publish(packet: ReadPacket, callback: (packet: WritePacket) => void): () => void {
    try {
      return this.#call(packet, callback);
    } catch (err) {
      callback({ err });
      return () => undefined;
    }
  }

  async #emit<T>(packet: ReadPacket, call: CallSite): Promise<T> {
    try {
      await this.connect();
      return await this.dispatchEvent<T>(this.#dispatched(packet));
    } catch (error) {
      call.addTo(error);
      throw error;
    }
  }

  /** What every packet goes through right before it is sent; Nest 11 has no such hook. */
  #dispatched(packet: ReadPacket): ReadPacket {
    this.onDispatchHook?.(packet);
    return packet;
  }

  async #store(packet: ReadPacket): Promise<PubAck> {
    try {
      return await this.#publishEvent(packet);
    } catch (error) {
      this.#events.emit('publishFailed', { pattern: packet.pattern as unknown, error: error as Error });
      throw error;
    }
  }

  async #publishEvent(packet: ReadPacket): Promise<PubAck> {
    const { publisher } = await this.#open();
    const { request, timeoutMs } = await this.#toRequest(packet);
    return publisher.publish(request, new Deadline(timeoutMs));
  }

  async #toRequest(packet: ReadPacket): Promise<{ request: PublishRequest; timeoutMs: number }> {
    const record = toEventRecord(packet.data);
    const options = mergePublishOptions(this.#settings.publishDefaults, record.options);
    const plain = { ...packet, data: record.payload };
    const body = toMessageBody(await this.serializer.serialize(plain));
    const pattern = this.normalizePattern(packet.pattern as string);
    const request = toPublishRequest({ pattern, packet: plain, body, options }, this.#settings);
    return { request, timeoutMs: options.timeout ?? this.#settings.publishTimeoutMs };
  }

  #call(packet: ReadPacket, callback: (packet: WritePacket) => void): () => void {
    if (this.#session === undefined) throw new ConnectionClosedError('the client');
    const { payload, options } = toRequestRecord(packet.data);
    checkRequestOptions(options);
    const request = this.assignPacketId({ ...packet, data: payload });
    const call = new RequestCall({
      connection: this.#session.connection,
      subject: literalSubject(this.normalizePattern(packet.pattern as string)),
      packetId: request.id,
      options,
      timeoutMs: options.timeout ?? this.#settings.requestTimeoutMs,
      deserializer: this.deserializer,
      callback,
      onEnd: () => this.#calls.delete(call),
    });
    this.#calls.add(call);
    void this.#send(call, request, toHeaderValues(options.headers));
    return () => call.cancel();
  }

  async #send(call: RequestCall, request: ReadPacket, headers: HeaderValues): Promise<void> {
    try {
      const body = toMessageBody(await this.serializer.serialize(request));
      const { openTelemetry } = this.#settings;
      call.send(body.payload, {
        ...toHeaderValues(body.headers),
        ...correlationHeaders(),
        ...contextHeaders(openTelemetry),
        ...headers,
      });
    } catch (error) {
      call.fail(error);
    }
  }

  async #open(): Promise<ClientSession> {
    this.#opening ??= this.#start();
    return this.#opening;
  }

  async #start(): Promise<ClientSession> {
    const closes = this.#closes;
    try {
      await initializeCodec(this.serializer);
      await initializeCodec(this.deserializer);
      const session = await openClientSession(this.#settings);
      if (closes !== this.#closes) {
        await session.connection.release();
        throw new ConnectionClosedError('the client');
      }
      this.#session = session;
      this.#events.follow(session.connection);
      session.connection.jetstream.onClose(() => this.#session === session && this.#forget());
      return session;
    } catch (error) {
      if (closes === this.#closes) this.#opening = undefined;
      throw error;
    }
  }

  /** Drops the session: pending requests fail, and the next use connects again. */
  #forget(): void {
    this.#opening = undefined;
    this.#session = undefined;
    for (const call of [...this.#calls]) call.fail(new ConnectionClosedError('the connection to NATS'));
  }
}
