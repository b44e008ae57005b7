import type { Msg } from '@nats-io/transport-node';
import type { ReadPatience, StoredMessage, SubjectMessage } from '../../log/message-log.js';
import { deadlineOf } from '../../log/read-deadline.js';
import type { Deadline } from '../../kernel/deadline.js';
import { NatsError } from '../connection/connection-errors.js';
import { sleep } from '../../kernel/sleep.js';
import { Semaphore } from '../../kernel/semaphore.js';
import { Wakeup } from '../../kernel/wakeup.js';
import { ApiCode } from '../api/api-codes.js';
import type { MessageQuery } from '../api/jetstream-api.js';
import { ServerHeader } from '../api/server-headers.js';
import { findValue } from '../connection/expect-value.js';
import type { JetStreamConnection } from '../connection/jetstream-connection.js';
import { getRound } from './get-round.js';
import { ReplySize } from './reply-size.js';
import { isNoResponders } from '../connection/reply-inbox.js';

/** Rounds of gets under way at a time. */
const ROUNDS = 4;
/** Messages in one page of a scan, and how long a page may keep silent before it is asked for again. */
const SCAN_PAGE = 256;
const SCAN_SILENCE_MS = 2_000;

const utf8 = new TextEncoder();
const EMPTY = new Uint8Array();

/**
 * Single messages of one JetStream stream. A direct get is answered by any replica, which may lag; what
 * decides anything (a conflict, an outcome, "it is gone") is asked of the leader.
 */
export class MessageReader {
  readonly #connection: JetStreamConnection;
  readonly #stream: string;
  readonly #rounds = new Semaphore(ROUNDS);
  readonly #replySize = new ReplySize();

  constructor(connection: JetStreamConnection, stream: string) {
    this.#connection = connection;
    this.#stream = stream;
  }

  /**
   * How many messages may be requested at a time so that the answers fit in memory, judging by the size of
   * those that came.
   */
  get getsAtOnce(): number {
    return this.#replySize.perRound * ROUNDS;
  }

  /** The last message of a subject, from any replica. */
  async last(subject: string, deadline = deadlineOf({})): Promise<StoredMessage | undefined> {
    const reply = await this.#directGet(subject, deadline);
    if (reply !== undefined) this.#replySize.observe(reply.data.length);
    return reply && withHeaders(reply);
  }

  /** The last message of a subject, from the leader. */
  async lastAtLeader(subject: string, deadline = deadlineOf({})): Promise<StoredMessage | undefined> {
    return this.#askLeader({ last_by_subj: subject }, deadline);
  }

  /**
   * The messages with those sequences, from any replicas; undefined for each that the one asked does not
   * have. Without their times unless asked for: a header costs more than the parse of a small body.
   */
  async bySequences(
    sequences: readonly number[],
    options: ReadPatience & { readonly time: boolean },
  ): Promise<(StoredMessage | undefined)[]> {
    const rounds = chunksOf(sequences, this.#replySize.perRound).map((chunk) =>
      this.#rounds.run(async () => this.#round(chunk, options)),
    );
    return (await Promise.all(rounds)).flat();
  }

  async #round(
    sequences: readonly number[],
    options: ReadPatience & { readonly time: boolean },
  ): Promise<(StoredMessage | undefined)[]> {
    const subject = this.#connection.api.subjects.directGet(this.#stream);
    const requests = sequences.map((sequence) =>
      options.time ? `{"seq":${sequence}}` : `{"seq":${sequence},"no_hdr":true}`,
    );
    const replies = await getRound(this.#connection, { subject, requests }, deadlineOf(options));
    return replies.map((reply, index) => {
      this.#replySize.observe(reply.data.length);
      if (!hasMessage(reply, subject)) return undefined;
      return options.time ? withHeaders(reply) : { sequence: sequences[index] as number, data: reply.data };
    });
  }

  /** The message with that sequence, from the leader: undefined means that it is gone. */
  async bySequenceAtLeader(sequence: number, deadline = deadlineOf({})): Promise<SubjectMessage | undefined> {
    return this.#askLeader({ seq: sequence }, deadline);
  }

  /** The first message of a subject at or after a sequence, from the leader. */
  async nextAtLeader(
    subject: string,
    sequence: number,
    deadline = deadlineOf({}),
  ): Promise<StoredMessage | undefined> {
    return this.#askLeader({ seq: sequence, next_by_subj: subject }, deadline);
  }

  /**
   * All messages of a subject from a sequence on, in order, from any replica. The server looks through the
   * blocks between them, so this is for what cannot be had by sequence.
   */
  async *scan(
    subject: string,
    fromSequence: number,
    options: ReadPatience = {},
  ): AsyncGenerator<StoredMessage, void, void> {
    let next = fromSequence;
    for (;;) {
      const page = await this.#page(subject, next, deadlineOf(options));
      yield* page.messages;
      if (page.complete) return;
      next = (page.messages.at(-1)?.sequence ?? next - 1) + 1;
    }
  }

  /** One batch of a scan: `complete` when the server said that nothing follows. */
  async #page(
    subject: string,
    sequence: number,
    deadline: Deadline,
  ): Promise<{ messages: StoredMessage[]; complete: boolean }> {
    const target = this.#connection.api.subjects.directGet(this.#stream);
    const request = utf8.encode(JSON.stringify({ seq: sequence, next_by_subj: subject, batch: SCAN_PAGE }));
    while (await this.#connection.whenConnected(deadline)) {
      const replies = await this.#collect(target, request, deadline.signal);
      const end = replies.at(-1);
      if (end === undefined || isNoResponders(end)) {
        await sleep(50, deadline.signal);
        continue;
      }
      // any other status is no end: what is left out must not look like what is not there
      if (isStatus(end) && end.headers?.code !== 204) hasMessage(end, target);
      // 404: nothing at all; 204: the end of the batch, with how many follow
      const messages = replies.filter((reply) => !isStatus(reply)).map(withHeaders);
      const ended = isStatus(end);
      const pending = Number(end.headers?.get(ServerHeader.pending) ?? 0);
      if (ended || messages.length > 0) return { messages, complete: ended && pending === 0 };
    }
    deadline.signal?.throwIfAborted();
    throw new NatsError(`${target}: no answer came within ${deadline.totalMs} ms`);
  }

  /** Replies until a status, or until none comes for a while. */
  async #collect(target: string, request: Uint8Array, signal: AbortSignal | undefined): Promise<Msg[]> {
    const { inbox, nc } = this.#connection;
    const replies: Msg[] = [];
    const news = new Wakeup(inbox.timeouts);
    const address = inbox.open((reply) => {
      replies.push(reply);
      news.wake();
    });
    try {
      nc.publish(target, request, { reply: address.subject });
      while (!endsWithStatus(replies)) {
        if ((await news.wait({ timeoutMs: SCAN_SILENCE_MS, signal })) !== 'woken') break;
      }
      return replies;
    } finally {
      address.close();
    }
  }

  async #directGet(lastOf: string, deadline: Deadline): Promise<Msg | undefined> {
    const subject = this.#connection.api.subjects.directGet(this.#stream, lastOf);
    const reply = await this.#connection.request(subject, EMPTY, deadline);
    return hasMessage(reply, subject) ? reply : undefined;
  }

  async #askLeader(query: MessageQuery, deadline: Deadline): Promise<SubjectMessage | undefined> {
    const message = await this.#connection.api.message(this.#stream, query, deadline);
    return findValue(message, ApiCode.messageNotFound, `reading from store ${this.#stream}`);
  }
}

/** @throws {@link NatsError} when the server says neither "here it is" nor "there is none". */
function hasMessage(reply: Msg, subject: string): boolean {
  if (!isStatus(reply)) return true;
  const { code, description } = reply.headers ?? {};
  if (code === 404) return false;
  throw new NatsError(`${subject} was answered with status ${String(code)} ${description ?? ''}`);
}

/** Whether the server speaks for itself. A message without a body is a message. */
function isStatus(reply: Msg): boolean {
  return reply.data.length === 0 && (reply.headers?.code ?? 0) > 0;
}

function endsWithStatus(replies: readonly Msg[]): boolean {
  const last = replies.at(-1);
  return last !== undefined && isStatus(last);
}

function withHeaders(reply: Msg): StoredMessage {
  return {
    sequence: Number(reply.headers?.get(ServerHeader.sequence)),
    time: Date.parse(reply.headers?.get(ServerHeader.timestamp) ?? ''),
    data: reply.data,
  };
}

function chunksOf<T>(items: readonly T[], size: number): T[][] {
  const chunks: T[][] = [];
  for (let from = 0; from < items.length; from += size) chunks.push(items.slice(from, from + size));
  return chunks;
}
