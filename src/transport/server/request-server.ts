import { Logger } from '@nestjs/common';
import type {
  BaseRpcContext,
  ConsumerDeserializer,
  ConsumerSerializer,
  IncomingRequest,
  MessageHandler,
  OutgoingResponse,
  WritePacket,
} from '@nestjs/microservices';
import type { Msg, Subscription } from '@nats-io/transport-node';
import { defer, isObservable, mergeMap, type Observable, of, takeUntil } from 'rxjs';
import { runWithMetadata } from '../../event/metadata-context.js';
import { capturingStreams } from '../../jetstream/streams/capturing-streams.js';
import { Deadline } from '../../kernel/deadline.js';
import { NatsError } from '../../jetstream/connection/connection-errors.js';
import { CapturedPatternError } from '../transport-errors.js';
import { correlationIn } from '../correlation-header.js';
import { toMessageBody } from '../message-body.js';
import { NatsContext } from './nats.context.js';
import { type OpenTelemetryApi, inRemoteContext } from '../open-telemetry.js';
import { PendingAnswers } from './pending-answers.js';
import type { TransportConnection } from '../transport-connection.js';

/** Timeout of the lookup whether a JetStream stream captures a pattern, in milliseconds. */
const LOOK_TIMEOUT_MS = 5_000;

/** Errors of requests that cannot be read or answered, in the form that Nest gives unknown errors. */
const MALFORMED = { status: 'error', message: 'Malformed request' };
const UNSENDABLE = { status: 'error', message: 'The answer cannot be sent' };
const FAILED = { status: 'error', message: 'Internal server error' };

/**
 * Runs one request through the server's processing hooks, as `Server.handleRequest` of Nest 12 does.
 * `produce` returns the values of the answer; `respond` sends a value, the error, or the end.
 */
export type HandleRequest = (
  context: BaseRpcContext,
  produce: () => Promise<Observable<unknown>>,
  respond: (packet: WritePacket) => Promise<unknown> | void,
) => Promise<void> | void;

/** What a {@link RequestServer} needs. */
export interface RequestServerParts {
  readonly connection: TransportConnection;
  /** Queue group of handlers whose decorator names none. Undefined means that every instance answers. */
  readonly queue: string | undefined;
  /** Handlers of `@MessagePattern`, by their normalized patterns. */
  readonly handlers: ReadonlyMap<string, MessageHandler>;
  readonly serializer: ConsumerSerializer;
  readonly deserializer: ConsumerDeserializer;
  readonly handle: HandleRequest;
  readonly openTelemetry?: OpenTelemetryApi | undefined;
}

/**
 * Answers requests over core NATS, compatible with Nest's own NATS transport. Each pattern is subscribed to
 * in the queue group of the decorator's extras (`{ queue }`), or in the server's.
 */
export class RequestServer {
  readonly #logger = new Logger('NatsJetStreamServer');
  readonly #parts: RequestServerParts;
  readonly #pending = new PendingAnswers();
  readonly #refusals: Error[] = [];
  #subscriptions: readonly Subscription[] = [];

  constructor(parts: RequestServerParts) {
    this.#parts = parts;
  }

  /**
   * Checks the patterns. Nothing is subscribed yet.
   *
   * @throws {@link CapturedPatternError} when a JetStream stream captures a pattern: callers would get its
   *   acknowledgement as the answer.
   */
  async open(): Promise<void> {
    for (const pattern of this.#parts.handlers.keys()) await this.#refuseCaptured(pattern);
  }

  /**
   * Subscribes: requests that are sent after it has resolved are received.
   *
   * @throws {@link NatsError} when the user may not subscribe.
   */
  async start(): Promise<void> {
    const { connection, handlers, queue } = this.#parts;
    this.#subscriptions = [...handlers].map(([pattern, handler]) =>
      this.#subscribe(pattern, handler, (handler.extras?.['queue'] as string | undefined) ?? queue),
    );
    // the server reports subscriptions that it refuses before it answers the flush
    if (handlers.size > 0) await connection.nc.flush();
    const [refusal] = this.#refusals;
    if (refusal !== undefined)
      throw new NatsError(`requests cannot be received: ${refusal.message}`, { cause: refusal });
  }

  /**
   * Takes no more requests and waits up to `graceMs` milliseconds for those in progress. The others are
   * answered with an error. Safe to call twice.
   */
  async stop(graceMs: number): Promise<void> {
    const subscriptions = this.#subscriptions;
    this.#subscriptions = [];
    const { nc } = this.#parts.connection;
    // a subscription that the server refused is already closed
    const open = subscriptions.filter((subscription) => !subscription.isClosed());
    if (!nc.isClosed()) await Promise.all(open.map(async (subscription) => subscription.drain()));
    await this.#pending.end(graceMs);
  }

  async #refuseCaptured(pattern: string): Promise<void> {
    const streams = await this.#lookForStreams(pattern);
    if (streams.length > 0) throw new CapturedPatternError({ pattern, streams });
  }

  async #lookForStreams(pattern: string): Promise<readonly string[]> {
    const { jetstream } = this.#parts.connection;
    try {
      const streams = await capturingStreams(jetstream, pattern, new Deadline(LOOK_TIMEOUT_MS));
      if (streams !== undefined) return streams;
      this.#warnUnseen(pattern, `this user may not publish to ${jetstream.api.subjects.streamNames()}`);
    } catch (error) {
      this.#warnUnseen(pattern, (error as Error).message);
    }
    return [];
  }

  #warnUnseen(pattern: string, reason: string): void {
    this.#logger.warn(`whether a stream captures the request pattern ${pattern} cannot be seen: ${reason}`);
  }

  #subscribe(pattern: string, handler: MessageHandler, queue: string | undefined): Subscription {
    return this.#parts.connection.nc.subscribe(pattern, {
      ...(queue !== undefined && { queue }),
      callback: (error, message) => {
        if (error === null) return void this.#receive(pattern, handler, message);
        this.#refusals.push(error);
        this.#logger.error(`requests to ${pattern} cannot be received: ${error.message}`);
      },
    });
  }

  /** Never rejects: a request must not end the process, whatever it contains. */
  async #receive(pattern: string, handler: MessageHandler, message: Msg): Promise<void> {
    try {
      const request = await this.#read(pattern, message);
      if (request === undefined)
        return await this.#respond(message, undefined, { err: MALFORMED, isDisposed: true });
      await inRemoteContext(this.#parts.openTelemetry, message.headers, async () =>
        runWithMetadata(correlationIn(message.headers), async () => this.#answer(handler, message, request)),
      );
    } catch (error) {
      const { message: text, stack } = error as Error;
      this.#logger.error(`a request to ${pattern} failed: ${text}`, stack);
    }
  }

  /** The packet; undefined when the message cannot be read. */
  async #read(pattern: string, message: Msg): Promise<IncomingRequest | undefined> {
    try {
      const options = { channel: pattern, replyTo: message.reply };
      return (await this.#parts.deserializer.deserialize(message, options)) as IncomingRequest;
    } catch (error) {
      this.#logger.warn(`a request to ${pattern} cannot be read: ${(error as Error).message}`);
      return undefined;
    }
  }

  async #answer(
    handler: MessageHandler,
    message: Msg,
    { id, data, metadata }: IncomingRequest,
  ): Promise<void> {
    const context = new NatsContext([message, metadata]);
    const { ended, done } = this.#pending.add();
    const respond = async (answer: WritePacket): Promise<void> => {
      await this.#respond(message, id, answer);
      if (answer.isDisposed === true) done();
    };
    try {
      const produce = async (): Promise<Observable<unknown>> =>
        valuesOf(handler, data, context).pipe(takeUntil(ended));
      await this.#parts.handle(context, produce, respond);
    } catch (error) {
      await respond({ err: FAILED, isDisposed: true });
      throw error;
    }
  }

  /** Sends one packet of an answer. If it cannot be sent, an error is sent instead. */
  async #respond(message: Msg, id: string | undefined, answer: WritePacket): Promise<void> {
    try {
      await this.#send(message, id, answer);
    } catch (error) {
      this.#logger.error(`the answer to ${message.subject} cannot be sent: ${(error as Error).message}`);
      if (!this.#parts.connection.nc.isClosed())
        await this.#send(message, id, { err: UNSENDABLE, isDisposed: true });
    }
  }

  async #send(message: Msg, id: string | undefined, answer: WritePacket): Promise<void> {
    if (!message.reply) return;
    // a program without Nest sends no id, and expects none
    const packet = (id === undefined ? answer : { ...answer, id }) as OutgoingResponse;
    const { payload, headers } = toMessageBody(await this.#parts.serializer.serialize(packet));
    message.respond(payload, { ...(headers !== undefined && { headers }) });
  }
}

/** The values of a handler's result: those of an Observable, or the result itself. */
function valuesOf(handler: MessageHandler, data: unknown, context: NatsContext): Observable<unknown> {
  return defer(async () => handler(data, context)).pipe(
    mergeMap((result: unknown) => (isObservable(result) ? result : of(result))),
  );
}
