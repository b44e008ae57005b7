import type { Msg } from '@nats-io/transport-node';
import { Deadline } from '../kernel/deadline.js';
import { TransportError } from '../kernel/errors.js';
import { sleep } from '../kernel/sleep.js';
import { Semaphore } from '../kernel/semaphore.js';
import { ApiCode } from './api-codes.js';
import { isFault, type JetStreamConnection, unexpectedFault } from './jetstream-connection.js';
import { isNoResponders } from './reply-inbox.js';

/** A read is repeated this long before it fails. */
const READ_TIMEOUT_MS = 15_000;
/** Gets that wait for their answer at the same time: the client's outbound buffer must not overflow. */
const MAX_IN_FLIGHT = 512;
/** Messages in one page of a scan, and how long a page may keep silent before it is asked for again. */
const SCAN_PAGE = 256;
const SCAN_SILENCE_MS = 2_000;

/** A message of the store's JetStream stream. */
export interface StoredMessage {
  readonly sequence: number;
  readonly data: Uint8Array;
  /** The server's time in milliseconds since 1970, where it was asked for. */
  readonly time?: number | undefined;
}

interface ApiMessage {
  readonly message: { readonly seq: number; readonly data?: string; readonly time: string };
}

const utf8 = new TextEncoder();
const EMPTY = new Uint8Array();

/**
 * Single messages of one JetStream stream. A direct get is answered by any replica, which may lag; what decides
 * anything (a conflict, an outcome, "it is gone") is asked of the leader.
 */
export class MessageReader {
  readonly #connection: JetStreamConnection;
  readonly #stream: string;
  readonly #window = new Semaphore(MAX_IN_FLIGHT);

  constructor(connection: JetStreamConnection, stream: string) {
    this.#connection = connection;
    this.#stream = stream;
  }

  /** The last message of a subject, from any replica. */
  async last(subject: string, deadline = new Deadline(READ_TIMEOUT_MS)): Promise<StoredMessage | undefined> {
    const reply = await this.#directGet(`${this.#stream}.${subject}`, EMPTY, deadline);
    return reply && withHeaders(reply);
  }

  /** The last message of a subject, from the leader. */
  async lastAtLeader(
    subject: string,
    deadline = new Deadline(READ_TIMEOUT_MS),
  ): Promise<StoredMessage | undefined> {
    return this.#askLeader({ last_by_subj: subject }, deadline);
  }

  /** The message with that sequence, from any replica; without its time, which costs more than the parse of a small body. */
  async bySequence(
    sequence: number,
    options: { time: boolean },
    deadline = new Deadline(READ_TIMEOUT_MS),
  ): Promise<StoredMessage | undefined> {
    const request = utf8.encode(options.time ? `{"seq":${sequence}}` : `{"seq":${sequence},"no_hdr":true}`);
    const reply = await this.#window.run(async () => this.#directGet(this.#stream, request, deadline));
    if (reply === undefined) return undefined;
    return options.time ? withHeaders(reply) : { sequence, data: reply.data };
  }

  /** The message with that sequence, from the leader: undefined means that it is gone. */
  async bySequenceAtLeader(
    sequence: number,
    deadline = new Deadline(READ_TIMEOUT_MS),
  ): Promise<StoredMessage | undefined> {
    return this.#askLeader({ seq: sequence }, deadline);
  }

  /** The first message of a subject at or behind a sequence, from the leader. */
  async nextAtLeader(
    subject: string,
    sequence: number,
    deadline = new Deadline(READ_TIMEOUT_MS),
  ): Promise<StoredMessage | undefined> {
    return this.#askLeader({ seq: sequence, next_by_subj: subject }, deadline);
  }

  /**
   * All messages of a subject from a sequence on, in order, from any replica. The server looks through the blocks between them, so this is
   * for what cannot be had by sequence.
   */
  async *scan(subject: string, fromSequence: number): AsyncGenerator<StoredMessage, void, void> {
    let next = fromSequence;
    for (;;) {
      const page = await this.#page(subject, next);
      yield* page.messages;
      if (page.complete) return;
      next = (page.messages.at(-1)?.sequence ?? next - 1) + 1;
    }
  }

  /** One batch of a scan: `complete` when the server said that nothing follows. */
  async #page(subject: string, sequence: number): Promise<{ messages: StoredMessage[]; complete: boolean }> {
    const deadline = new Deadline(READ_TIMEOUT_MS);
    const target = `${this.#connection.apiPrefix}.DIRECT.GET.${this.#stream}`;
    const request = utf8.encode(JSON.stringify({ seq: sequence, next_by_subj: subject, batch: SCAN_PAGE }));
    while (await this.#connection.whenConnected(deadline)) {
      const replies = await this.#collect(target, request);
      const end = replies.at(-1);
      if (end === undefined || isNoResponders(end)) {
        await sleep(50);
        continue;
      }
      // 404: nothing at all; 204: the end of the batch, with what is left behind it
      const messages = replies.filter((reply) => reply.data.length > 0).map(withHeaders);
      const ended = end.data.length === 0;
      const pending = Number(end.headers?.get('Nats-Num-Pending') ?? 0);
      if (ended || messages.length > 0) return { messages, complete: ended && pending === 0 };
    }
    throw new TransportError(`${target}: no answer came within ${deadline.totalMs} ms`);
  }

  /** Replies until one without a body, or until none comes for a while. */
  async #collect(target: string, request: Uint8Array): Promise<Msg[]> {
    const replies: Msg[] = [];
    return new Promise((resolve) => {
      const done = (): void => {
        cancel();
        address.close();
        resolve(replies);
      };
      const address = this.#connection.inbox.open((reply) => {
        replies.push(reply);
        if (reply.data.length === 0) return done();
        cancel();
        cancel = this.#connection.inbox.timeouts.after(SCAN_SILENCE_MS, done);
      });
      let cancel = this.#connection.inbox.timeouts.after(SCAN_SILENCE_MS, done);
      this.#connection.nc.publish(target, request, { reply: address.subject });
    });
  }

  async #directGet(target: string, payload: Uint8Array, deadline: Deadline): Promise<Msg | undefined> {
    const subject = `${this.#connection.apiPrefix}.DIRECT.GET.${target}`;
    const reply = await this.#connection.request(subject, payload, deadline);
    if (reply.data.length > 0) return reply;
    const code = reply.headers?.code ?? 0;
    if (code === 404) return undefined;
    throw new TransportError(
      `${subject} was answered with status ${code} ${reply.headers?.description ?? ''}`,
    );
  }

  async #askLeader(query: object, deadline: Deadline): Promise<StoredMessage | undefined> {
    const answer = await this.#connection.api<ApiMessage>(`STREAM.MSG.GET.${this.#stream}`, query, deadline);
    if (!isFault(answer)) return fromApi(answer.message);
    if (answer.error.err_code === ApiCode.messageNotFound) return undefined;
    throw unexpectedFault(`reading from store ${this.#stream}`, answer.error);
  }
}

function withHeaders(reply: Msg): StoredMessage {
  return {
    sequence: Number(reply.headers?.get('Nats-Sequence')),
    time: Date.parse(reply.headers?.get('Nats-Time-Stamp') ?? ''),
    data: reply.data,
  };
}

function fromApi(message: ApiMessage['message']): StoredMessage {
  return {
    sequence: message.seq,
    time: Date.parse(message.time),
    data: Buffer.from(message.data ?? '', 'base64'),
  };
}
