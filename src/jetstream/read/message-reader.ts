import type { Msg } from '@nats-io/transport-node';
import type { ReadPatience, StoredMessage, SubjectMessage } from '../../log/message-log.js';
import { deadlineOf } from '../../log/read-deadline.js';
import type { Deadline } from '../../kernel/deadline.js';
import { NatsError } from '../connection/connection-errors.js';
import { sleep } from '../../kernel/sleep.js';
import { Semaphore } from '../../kernel/semaphore.js';
import { ApiCode } from '../api/api-codes.js';
import type { MessageQuery } from '../api/jetstream-api.js';
import { ServerHeader } from '../api/server-headers.js';
import { findValue } from '../connection/expect-value.js';
import type { JetStreamConnection } from '../connection/jetstream-connection.js';
import { collectReplies, isStatus } from './collect-replies.js';
import { getRound } from './get-round.js';
import { ReplySize } from './reply-size.js';
import type { StreamWatch } from '../streams/stream-watch.js';
import { isNoResponders } from '../connection/reply-inbox.js';

/** Rounds of gets under way at a time. */
const ROUNDS = 4;
/** Messages in one page of a scan, and how long a page may keep silent before it is asked for again. */
const SCAN_PAGE = 256;
const SCAN_SILENCE_MS = 2_000;
/** How often a page of a scan is asked for again that a mirror answered, before the leader is asked. */
const SCAN_TRIES = 5;
/** Messages asked of the leader at a time. */
const AT_LEADER = 64;

const utf8 = new TextEncoder();
const EMPTY = new Uint8Array();

/** Some messages of a scan; `complete` when nothing follows. */
interface Page {
  readonly messages: readonly StoredMessage[];
  readonly complete: boolean;
}

/** A read with its deadline. */
interface TimedRead {
  readonly deadline: Deadline;
  /** Whether the messages' times are needed. */
  readonly time: boolean;
}

/**
 * Single messages of one JetStream stream. A direct get is answered by any replica, which may lag; what
 * decides anything (a conflict, an outcome, "it is gone") is asked of the leader.
 *
 * A mirror in the same account answers direct gets as well. It may hold less than its origin (a filter, a
 * start, a lag), and messages that its origin has deleted: what it answers is thrown away and asked of the
 * leader, and so is "there is none" while there may be mirrors. The answer's header names who gave it.
 */
export class MessageReader {
  readonly #connection: JetStreamConnection;
  readonly #stream: string;
  readonly #rounds = new Semaphore(ROUNDS);
  readonly #replySize = new ReplySize();
  readonly #watch: StreamWatch | undefined;

  /** @param watch Knows of the stream's mirrors; without it, mirrors are not told from the stream. */
  constructor(connection: JetStreamConnection, stream: string, watch?: StreamWatch) {
    this.#connection = connection;
    this.#stream = stream;
    this.#watch = watch;
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
    if (this.#isDoubtful(reply)) return this.lastAtLeader(subject, deadline);
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
    // the time counts from the call on, also while others are read
    const timed = { deadline: deadlineOf(options), time: options.time };
    const rounds = chunksOf(sequences, this.#replySize.perRound).map(async (chunk) =>
      this.#inTurn(chunk, timed),
    );
    return (await Promise.all(rounds)).flat();
  }

  async #inTurn(sequences: readonly number[], options: TimedRead): Promise<(StoredMessage | undefined)[]> {
    const { deadline } = options;
    if (!(await this.#rounds.enter(deadline))) {
      deadline.signal?.throwIfAborted();
      const subject = this.#connection.api.subjects.directGet(this.#stream);
      throw this.#connection.unanswered(subject, `other gets were in the way for ${deadline.totalMs} ms`);
    }
    try {
      return await this.#round(sequences, options);
    } finally {
      this.#rounds.leave();
    }
  }

  async #round(sequences: readonly number[], options: TimedRead): Promise<(StoredMessage | undefined)[]> {
    const bare = !options.time && this.#isAlone;
    const subject = this.#connection.api.subjects.directGet(this.#stream);
    const requests = sequences.map((sequence) =>
      bare ? `{"seq":${sequence},"no_hdr":true}` : `{"seq":${sequence}}`,
    );
    const { deadline } = options;
    const replies = await getRound(this.#connection, { subject, requests }, deadline);
    // who gave a bare answer cannot be told: a mirror that came meanwhile may have
    if (bare && !this.#isAlone) return this.#round(sequences, options);
    const doubtful: number[] = [];
    const messages = replies.map((reply, index) => {
      this.#replySize.observe(reply.data.length);
      const found = hasMessage(reply, subject) ? reply : undefined;
      if (this.#isDoubtful(found)) return void doubtful.push(index);
      const sequence = sequences[index] as number;
      return found && (options.time ? withHeaders(found) : { sequence, data: found.data });
    });
    await this.#askAgain(doubtful, { sequences, messages, deadline });
    return messages;
  }

  /** Puts what the leader has in the places of what others have answered. */
  async #askAgain(
    doubtful: readonly number[],
    {
      sequences,
      messages,
      deadline,
    }: {
      readonly sequences: readonly number[];
      readonly messages: (StoredMessage | undefined)[];
      readonly deadline: Deadline;
    },
  ): Promise<void> {
    for (const indexes of chunksOf(doubtful, AT_LEADER)) {
      const ask = async (index: number): Promise<void> => {
        messages[index] = await this.bySequenceAtLeader(sequences[index] as number, deadline);
      };
      await Promise.all(indexes.map(ask));
    }
  }

  get #isAlone(): boolean {
    return this.#watch === undefined || this.#watch.isAlone;
  }

  /**
   * Whether an answer may be that of a mirror: it says so, or it says that there is none, and one may have
   * said so.
   */
  #isDoubtful(reply: Msg | undefined): boolean {
    if (reply === undefined) return !this.#isAlone;
    const answeredBy = reply.headers?.get(ServerHeader.stream) ?? '';
    if (this.#watch === undefined || answeredBy === '' || answeredBy === this.#stream) return false;
    this.#watch.noteMirror();
    return true;
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
    for (let byLeader = false; ;) {
      const page: Page | undefined = byLeader
        ? undefined
        : await this.#ownPage(subject, next, deadlineOf(options));
      // only mirrors answer here: from now on the leader does, one by one
      byLeader = page === undefined;
      const { messages, complete } = page ?? (await this.#leaderPage(subject, next, deadlineOf(options)));
      yield* messages;
      if (complete) return;
      next = (messages.at(-1)?.sequence ?? next - 1) + 1;
    }
  }

  /** A page that the stream itself has given; undefined when mirrors have answered each time. */
  async #ownPage(subject: string, sequence: number, deadline: Deadline): Promise<Page | undefined> {
    for (let tries = 0; tries < SCAN_TRIES; tries += 1) {
      const { replies, ...page } = await this.#page(subject, sequence, deadline);
      if (!this.#isDoubtful(replies[0])) return page;
    }
    return undefined;
  }

  async #leaderPage(subject: string, sequence: number, deadline: Deadline): Promise<Page> {
    const message = await this.nextAtLeader(subject, sequence, deadline);
    return { messages: message === undefined ? [] : [message], complete: message === undefined };
  }

  /** One batch of a scan: `complete` when the server said that nothing follows. */
  async #page(
    subject: string,
    sequence: number,
    deadline: Deadline,
  ): Promise<Page & { readonly replies: readonly Msg[] }> {
    const target = this.#connection.api.subjects.directGet(this.#stream);
    const request = utf8.encode(JSON.stringify({ seq: sequence, next_by_subj: subject, batch: SCAN_PAGE }));
    while (await this.#connection.whenConnected(deadline)) {
      const asked = { subject: target, payload: request, silenceMs: SCAN_SILENCE_MS };
      const replies = await collectReplies(this.#connection, asked, deadline);
      const end = replies.at(-1);
      if (end === undefined || isNoResponders(end)) {
        await sleep(Math.min(50, deadline.leftMs), deadline.signal);
        continue;
      }
      // any other status is no end: what is left out must not look like what is not there
      if (isStatus(end) && end.headers?.code !== 204) hasMessage(end, target);
      // 404: nothing at all; 204: the end of the batch, with how many follow
      const found = replies.filter((reply) => !isStatus(reply));
      const messages = found.map(withHeaders);
      const ended = isStatus(end);
      const pending = Number(end.headers?.get(ServerHeader.pending) ?? 0);
      if (ended || messages.length > 0) return { replies: found, messages, complete: ended && pending === 0 };
    }
    deadline.signal?.throwIfAborted();
    throw this.#connection.unanswered(target, `no answer came within ${deadline.totalMs} ms`);
  }

  async #directGet(lastOf: string, deadline: Deadline): Promise<Msg | undefined> {
    const subject = this.#connection.api.subjects.directGet(this.#stream, lastOf);
    const reply = await this.#connection.request({ subject, payload: EMPTY }, deadline);
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
