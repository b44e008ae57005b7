import type { Commit, StoredCommit } from '../../event/commit.js';
import { subjectOf } from '../../event/subject.js';
import type { PublishAnswer, Publisher } from '../../jetstream/publish/publisher.js';
import { AppendOutcomeUnknownError, CommitRemovedError, WrongExpectedVersionError } from './append-errors.js';
import { CorruptStreamError } from '../../event/event-errors.js';
import { NatsError } from '../../jetstream/connection/connection-errors.js';
import { InFlight } from '../../kernel/in-flight.js';
import { KeyedQueue } from '../../kernel/keyed-queue.js';
import { sleep } from '../../kernel/sleep.js';
import { Backoff } from '../../kernel/backoff.js';
import type { AppendRequest } from './append-request.js';
import { toAppendResult } from './append-result.js';
import { toCommitMessage } from './commit-message.js';
import type { AppendResult } from '../event-store.js';
import { meets, namedExpectation } from './expectation.js';
import { nextCommit } from './next-commit.js';
import { findCommit, type AppendOutcome, settle } from './settlement.js';
import type { StreamReader } from '../read/stream-reader.js';
import { type StreamEnd, endOf } from './stream-end.js';
import type { StreamEnds } from './stream-ends.js';

/** What an appender works with. */
export interface AppenderParts {
  readonly store: string;
  readonly publisher: Publisher;
  readonly reader: StreamReader;
  readonly tails: StreamEnds;
  /** The largest message that the server takes, in bytes. */
  readonly maxPayload: () => number;
}

/** Stores commits at the ends of streams: expectation, guard, publish, settle. */
export class Appender {
  readonly #parts: AppenderParts;
  readonly #queue = new KeyedQueue();
  readonly #inFlight = new InFlight();

  constructor(parts: AppenderParts) {
    this.#parts = parts;
  }

  async append(request: AppendRequest): Promise<AppendResult> {
    return this.#inFlight.run(async () => this.#start(request));
  }

  /** Resolves when nothing is in flight any more. */
  async drain(): Promise<void> {
    await this.#inFlight.drain();
  }

  async #start(request: AppendRequest): Promise<AppendResult> {
    const append = new Append(this.#parts, request);
    if (typeof request.expect === 'number') return append.run();
    // appends that fit any tail would only make each other conflict
    return this.#queue.run(append.subject, async () => append.run(), request.deadline);
  }
}

/** One append on its way. */
class Append {
  readonly subject: string;
  readonly #parts: AppenderParts;
  readonly #request: AppendRequest;
  readonly #backoff = new Backoff(2, 200);

  constructor(parts: AppenderParts, request: AppendRequest) {
    this.#parts = parts;
    this.#request = request;
    this.subject = subjectOf(parts.store, request.stream);
  }

  async run(): Promise<AppendResult> {
    try {
      return this.#resultOf((await this.#lookUp()) ?? (await this.#storeNext()));
    } catch (error) {
      if (!(error instanceof WrongExpectedVersionError) || !this.#request.idIsShared) throw error;
      // another process may have handled the command since the look-up: then it is what broke the expectation
      const stored = await findCommit(this.#parts.reader, this.#request, this.#request.lookedUpTo);
      if (stored === undefined) throw error;
      return this.#resultOf(stored);
    }
  }

  /** Appends to one tail after the other until the commit is stored. */
  async #storeNext(): Promise<StoredCommit> {
    for (let tail = await this.#expectedTail(); ; tail = await this.#tailAtLeader()) {
      const commit = nextCommit(this.#request, tail);
      const stored = await this.#store(commit, tail);
      if (stored !== undefined) return stored;
      if (this.#request.deadline.passed) throw this.#gaveUp();
      await sleep(this.#backoff.next());
    }
  }

  /** A command that may have been handled before is looked for before its expectation is judged. */
  async #lookUp(): Promise<StoredCommit | undefined> {
    const { idIsShared, expect, lookedUpTo } = this.#request;
    // a guard on the very version that the caller has looked up to (0 for a new stream) finds out by itself
    if (!idIsShared || expect === lookedUpTo) return undefined;
    return findCommit(this.#parts.reader, this.#request, lookedUpTo);
  }

  async #expectedTail(): Promise<StreamEnd> {
    const { stream, deadline } = this.#request;
    return this.#checked(await this.#parts.tails.expected(stream, this.#request, deadline));
  }

  async #tailAtLeader(): Promise<StreamEnd> {
    const { stream, deadline } = this.#request;
    return this.#checked(await this.#parts.tails.atLeader(stream, deadline));
  }

  /** @throws {@link WrongExpectedVersionError} when the stream is not as expected. */
  #checked(tail: StreamEnd): StreamEnd {
    const { stream, expect } = this.#request;
    if (meets(this.#request, tail)) return tail;
    const expected = namedExpectation(expect);
    throw new WrongExpectedVersionError({ stream: stream.toString(), expected, actual: tail.version });
  }

  /** Publishes until it is known whether this commit, or one with the same id, is stored; undefined when another one took its place. */
  async #store(commit: Commit, tail: StreamEnd): Promise<StoredCommit | undefined> {
    const message = toCommitMessage(this.#parts.store, commit, tail, this.#parts.maxPayload());
    for (let sentBefore = false; ; sentBefore = true) {
      const answer = await this.#parts.publisher.publish(message, this.#request.deadline);
      if (answer.kind === 'stored') return { ...commit, sequence: answer.sequence };
      const settlement = await this.#settle(answer, tail, sentBefore);
      if (settlement.kind === 'stored') return settlement.commit;
      if (settlement.kind === 'lost') return undefined;
      await sleep(this.#backoff.next());
    }
  }

  /** @param sentBefore Whether the same bytes had been sent before this answer's sends. */
  async #settle(answer: PublishAnswer, tail: StreamEnd, sentBefore: boolean): Promise<AppendOutcome> {
    if (answer.kind === 'unanswered')
      throw answer.sure && !sentBefore
        ? this.#notSent()
        : this.#unknown(this.#request.deadline.signal?.reason ?? answer.cause);
    const resent = sentBefore || (answer.kind !== 'duplicate' && answer.kind !== 'stored' && answer.resent);
    if (answer.kind === 'refused') throw this.#refused(answer, resent);
    // on its first send, an id that nobody else has cannot be the one that is in the way
    if (answer.kind === 'conflict' && !resent && !this.#request.idIsShared) return { kind: 'lost' };
    try {
      return await settle(this.#parts.reader, this.#request, tail.sequence, answer);
    } catch (error) {
      if (error instanceof CorruptStreamError || error instanceof CommitRemovedError) throw error;
      // no answer, a closed connection, an abort: whatever ended the asking, it was not answered
      throw this.#unknown(error);
    }
  }

  #resultOf(stored: StoredCommit): AppendResult {
    this.#parts.tails.stored(stored.stream, endOf(stored));
    return toAppendResult(stored, stored.attemptId === this.#request.attemptId);
  }

  #notSent(): unknown {
    const { signal, totalMs } = this.#request.deadline;
    if (signal?.aborted === true) return signal.reason;
    return new NatsError(
      `nothing was stored in ${this.#request.stream.toString()}: no server took appends to store ${this.#parts.store} within ${totalMs} ms`,
    );
  }

  #refused(answer: PublishAnswer & { kind: 'refused' }, resent: boolean): Error {
    const { description, err_code: code } = answer.fault;
    const cause = new NatsError(
      `the server refused an append to ${this.#request.stream.toString()}: ${description ?? 'no reason given'} (${code ?? answer.fault.code})`,
    );
    return resent ? this.#unknown(cause) : cause;
  }

  #unknown(cause: unknown = this.#request.deadline.signal?.reason): Error {
    const { stream, commitId, deadline } = this.#request;
    return new AppendOutcomeUnknownError(
      { stream: stream.toString(), commitId, waitedMs: Math.round(deadline.totalMs - deadline.leftMs) },
      cause === undefined ? {} : { cause },
    );
  }

  #gaveUp(): Error {
    return new NatsError(
      `nothing was stored in ${this.#request.stream.toString()}: other writers were first until the deadline of ${this.#request.deadline.totalMs} ms`,
    );
  }
}
