import type { ProducerDeserializer, WritePacket } from '@nestjs/microservices';
import type { Msg } from '@nats-io/transport-node';
import type { HeaderValues } from '../../log/message-log.js';
import { toMsgHdrs } from '../../jetstream/publish/message-headers.js';
import { isNoResponders, refusalOf } from '../../jetstream/connection/reply-inbox.js';
import { NatsError } from '../../jetstream/connection/connection-errors.js';
import { NoResponderError, RequestTimeoutError } from '../transport-errors.js';
import type { RequestOptions } from './nats-request-record.js';
import type { TransportConnection } from '../transport-connection.js';

/** What a {@link RequestCall} needs. */
export interface RequestCallParts {
  readonly connection: TransportConnection;
  readonly subject: string;
  readonly packetId: string;
  readonly options: RequestOptions;
  readonly timeoutMs: number;
  readonly deserializer: ProducerDeserializer;
  /** Gets each value of the answer, and its end. */
  readonly callback: (packet: WritePacket) => void;
  /** Is called once, however the call ends. */
  readonly onEnd: () => void;
}

/** One request: sent once, answered by any number of values, an error, or silence. */
export class RequestCall {
  readonly #parts: RequestCallParts;
  readonly #cleanUp: (() => void)[] = [];
  #cancelTimeout: () => void = () => undefined;
  /** Values keep their order, even if the deserializer is asynchronous. */
  #reading: Promise<void> = Promise.resolve();
  #ended = false;

  constructor(parts: RequestCallParts) {
    this.#parts = parts;
  }

  /** Sends the request, once. */
  send(payload: Uint8Array, headers: HeaderValues): void {
    if (this.#ended) return;
    const { nc } = this.#parts.connection;
    try {
      const reply = this.#listen();
      this.#awaitNext();
      // a message without headers is smaller and parsed faster
      nc.publish(this.#parts.subject, payload, {
        reply,
        ...(Object.keys(headers).length > 0 && { headers: toMsgHdrs(headers) }),
      });
    } catch (cause) {
      this.fail(new NatsError(`${this.#parts.subject} was not sent: ${(cause as Error).message}`, { cause }));
    }
  }

  /** Cancels the call. Later replies are ignored. */
  cancel(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#cancelTimeout();
    for (const clean of this.#cleanUp) clean();
    this.#parts.onEnd();
  }

  /** Ends the call with an error. */
  fail(err: unknown): void {
    if (this.#ended) return;
    this.cancel();
    this.#parts.callback({ err, isDisposed: true });
  }

  /** The subject that replies are sent to. */
  #listen(): string {
    const { connection, options } = this.#parts;
    if (options.noMux !== true && options.reply === undefined) {
      const address = connection.jetstream.inbox.open((reply) => this.#onReply(reply));
      this.#cleanUp.push(() => address.close());
      return address.subject;
    }
    const subject = options.reply ?? connection.jetstream.newInbox();
    const subscription = connection.nc.subscribe(subject, {
      callback: (error, reply) => (error === null ? this.#onReply(reply) : this.fail(error)),
    });
    this.#cleanUp.push(() => subscription.unsubscribe());
    return subject;
  }

  #awaitNext(): void {
    const { connection, subject, timeoutMs } = this.#parts;
    this.#cancelTimeout();
    const giveUp = (): void => this.fail(new RequestTimeoutError({ pattern: subject, timeoutMs }));
    this.#cancelTimeout = connection.jetstream.inbox.timeouts.after(timeoutMs, giveUp);
  }

  #onReply(reply: Msg): void {
    const refusal = refusalOf(reply);
    if (refusal !== undefined) return this.fail(new NatsError(refusal));
    if (isNoResponders(reply) || reply.data.length === 0)
      return this.fail(new NoResponderError({ pattern: this.#parts.subject }));
    this.#awaitNext();
    this.#reading = this.#reading.then(async () => this.#read(reply));
  }

  async #read(reply: Msg): Promise<void> {
    if (this.#ended) return;
    const { deserializer, packetId, subject, callback } = this.#parts;
    try {
      const { id, err, response, isDisposed } = await deserializer.deserialize(reply);
      // it may belong to another request: other programs may know the reply subject
      if (this.#ended || (id !== undefined && id !== packetId)) return;
      const isLast = isDisposed === true || Boolean(err);
      if (isLast) this.cancel();
      callback({ err, response, ...(isLast && { isDisposed: true }) });
    } catch (cause) {
      const reason = `the answer to ${subject} cannot be read: ${(cause as Error).message}`;
      this.fail(new NatsError(reason, { cause, outcome: 'unknown' }));
    }
  }
}
