import type { Commit, StoredCommit } from '../../event/commit.js';
import type { StreamName } from '../../event/stream-name.js';
import { asVersion } from '../../event/version.js';
import {
  BATCH_HEADERS_BYTES,
  type OutgoingMessage,
  type PublishAnswer,
} from '../../jetstream/publish/publisher.js';
import {
  AppendOutcomeUnknownError,
  CommitRemovedError,
  TransactionConflictError,
  type TransactionViolation,
} from './append-errors.js';
import { CorruptStreamError } from '../../event/event-errors.js';
import { NatsError } from '../../jetstream/connection/connection-errors.js';
import { Backoff } from '../../kernel/backoff.js';
import { InFlight } from '../../kernel/in-flight.js';
import { sleep } from '../../kernel/sleep.js';
import { toAppendResult } from './append-result.js';
import type { AppenderParts } from './appender.js';
import type { CheckMessages } from './check-messages.js';
import { toCommitMessage } from './commit-message.js';
import type { AppendResult, TransactionResult } from '../event-store.js';
import { type ExpectedEnd, meets, namedExpectation } from './expectation.js';
import { nextCommit } from './next-commit.js';
import { findCommit } from './settlement.js';
import { type StreamEnd, endOf } from './stream-end.js';
import type { TransactRequest, WriteEntry } from './transact-request.js';

/** Stores commits in several streams at once, all or none. */
export class Transactor {
  readonly checks: CheckMessages;
  readonly #parts: AppenderParts;
  readonly #inFlight = new InFlight();

  constructor(parts: AppenderParts, checks: CheckMessages) {
    this.#parts = parts;
    this.checks = checks;
  }

  async transact(request: TransactRequest): Promise<TransactionResult> {
    return this.#inFlight.run(async () => new Transaction(this.#parts, this.checks, request).run());
  }

  /** Resolves when nothing is in flight any more. */
  async drain(): Promise<void> {
    await this.#inFlight.drain();
  }
}

/** How often to look for what the server says it has: a leader that is new may need a moment to show it. */
const LOOKS = 4;

/** Who tells the ends: the cache where it fits, or the leader for all. */
type Source = 'known' | 'leader';

/** The ends of all streams of a transaction, as one try takes them. */
interface Ends {
  /** By the order of the writes. */
  readonly writes: readonly StreamEnd[];
  /** By the order of the checks. */
  readonly checks: readonly StreamEnd[];
}

/** One transaction on its way. */
class Transaction {
  readonly #parts: AppenderParts;
  readonly #checks: CheckMessages;
  readonly #request: TransactRequest;
  readonly #backoff = new Backoff(5, 200);
  #sentBefore = false;

  constructor(parts: AppenderParts, checks: CheckMessages, request: TransactRequest) {
    this.#parts = parts;
    this.#checks = checks;
    this.#request = request;
  }

  async run(): Promise<TransactionResult> {
    const earlier = this.#first.append.idIsShared ? await this.#findEarlier() : undefined;
    if (earlier !== undefined) return earlier;
    for (let source: Source = 'known'; ; source = 'leader') {
      const ends = await this.#ends(source);
      const violations = this.#violations(ends);
      // a refusal lists what the leader says of every entry
      if (violations.length > 0 && source === 'known') continue;
      if (violations.length > 0) return this.#refuse(violations);
      const result = await this.#try(ends);
      if (result !== undefined) return result;
      if (this.#request.deadline.passed) throw this.#gaveUp();
      await sleep(this.#backoff.next());
    }
  }

  get #maxPayload(): number {
    return this.#parts.maxPayload() - BATCH_HEADERS_BYTES;
  }

  get #first(): WriteEntry {
    return this.#request.writes[0] as WriteEntry;
  }

  async #ends(source: Source): Promise<Ends> {
    const { writes, checks, deadline } = this.#request;
    const { tails } = this.#parts;
    const find = async (stream: StreamName, end: ExpectedEnd): Promise<StreamEnd> =>
      source === 'known' ? tails.expected(stream, end, deadline) : tails.atLeader(stream, deadline);
    return {
      writes: await Promise.all(writes.map(async ({ append }) => find(append.stream, append))),
      // where anything will do no guard corrects what is known
      checks: await Promise.all(
        checks.map(async (check) =>
          check.expect === 'any' ? tails.atLeader(check.stream, deadline) : find(check.stream, check),
        ),
      ),
    };
  }

  #violations(ends: Ends): TransactionViolation[] {
    const { writes, checks } = this.#request;
    const entries = [
      ...writes.map(({ index, append }, at) => ({ ...append, index, tail: ends.writes[at] as StreamEnd })),
      ...checks.map((check, at) => ({ ...check, tail: ends.checks[at] as StreamEnd })),
    ];
    return entries
      .filter((entry) => !meets(entry, entry.tail))
      .map(({ index, stream, expect, tail }) => ({
        index,
        stream: stream.toString(),
        expected: namedExpectation(expect),
        actual: tail.version,
      }))
      .toSorted((a, b) => a.index - b.index);
  }

  /** What is in the way may be the same command, stored by another process since the look-up. */
  async #refuse(violations: readonly TransactionViolation[]): Promise<TransactionResult> {
    const earlier = this.#first.append.idIsShared ? await this.#findEarlier() : undefined;
    if (earlier === undefined) throw new TransactionConflictError({ violations });
    return earlier;
  }

  /** Undefined when another writer was first in one of the streams. */
  async #try(ends: Ends): Promise<TransactionResult | undefined> {
    const commits = this.#request.writes.map(({ append }, at) =>
      nextCommit(append, ends.writes[at] as StreamEnd),
    );
    const checks = this.#checkMessages(ends);
    const messages = [
      ...checks,
      ...commits.map((commit, at) =>
        toCommitMessage(this.#parts.store, commit, ends.writes[at] as StreamEnd, this.#maxPayload),
      ),
    ];
    const answer = await this.#parts.publisher.publishBatch(messages, this.#request.deadline);
    if (answer.kind === 'stored') return this.#stored(commits, checks.length, answer.sequence, ends);
    const settled = await this.#settle(answer, ends, checks.length);
    this.#sentBefore = true;
    return settled;
  }

  #checkMessages(ends: Ends): OutgoingMessage[] {
    const { id, checks } = this.#request;
    return checks.flatMap(({ index, stream, expect }, at) =>
      expect === 'any' ? [] : [this.#checks.make(id, index, stream, ends.checks[at] as StreamEnd)],
    );
  }

  /** The commits of a batch stand one behind the other, the checks right before them. */
  #stored(commits: readonly Commit[], checks: number, lastSequence: number, ends: Ends): TransactionResult {
    const first = lastSequence - commits.length + 1;
    this.#checks.discard(Array.from({ length: checks }, (_, at) => first - checks + at));
    const stored = commits.map((commit, at) => ({ ...commit, sequence: first + at }));
    return this.#resultOf(stored, ends);
  }

  /** What the log holds of it, whichever caller stored that; undefined when another writer was first, and it may be tried again. */
  async #settle(answer: PublishAnswer, ends: Ends, checks: number): Promise<TransactionResult | undefined> {
    if (answer.kind === 'unanswered')
      throw answer.sure && !this.#sentBefore
        ? this.#notSent()
        : this.#unknown(this.#request.deadline.signal?.reason ?? answer.cause);
    if (answer.kind === 'refused') throw this.#refused(answer);
    const { idIsShared } = this.#first.append;
    // on its first send, an id that nobody else has cannot be the one that is in the way
    if (answer.kind === 'conflict' && !answer.resent && !this.#sentBefore && !idIsShared) return undefined;
    try {
      const found = await this.#find(ends, answer.kind === 'duplicate' ? LOOKS : 1);
      if (found.length > 0) return await this.#settled(found, checks);
    } catch (error) {
      if (error instanceof CorruptStreamError) throw error;
      throw this.#unknown(error);
    }
    if (answer.kind === 'conflict') return undefined;
    const { stream, commitId } = this.#first.append;
    throw new CommitRemovedError({ stream: stream.toString(), commitId });
  }

  async #settled(found: readonly StoredCommit[], checks: number): Promise<TransactionResult> {
    const [first] = found as [StoredCommit];
    if (first.attemptId === this.#request.attemptId) {
      this.#checks.discard(Array.from({ length: checks }, (_, at) => first.sequence - checks + at));
    }
    return this.#resultOf(found, await this.#ends('leader'));
  }

  /** The commits that were stored under the ids of this transaction; undefined when it is not in the log. */
  async #findEarlier(): Promise<TransactionResult | undefined> {
    const found = await this.#find(undefined, 1);
    return found.length === 0 ? undefined : this.#resultOf(found, await this.#ends('leader'));
  }

  /** @param ends What an id that nobody else has can only stand behind. */
  async #find(ends: Ends | undefined, looks: number): Promise<StoredCommit[]> {
    for (let look = 1; ; look += 1) {
      const found = await Promise.all(
        this.#request.writes.map(async ({ append }, at) => {
          const behind = append.idIsShared ? append.lookedUpTo : (ends?.writes[at]?.version ?? 0);
          return findCommit(this.#parts.reader, append, behind);
        }),
      );
      const commits = found.filter((commit) => commit !== undefined);
      if (commits.length > 0 || look >= looks) return commits;
      await sleep(this.#backoff.next());
    }
  }

  #resultOf(stored: readonly StoredCommit[], ends: Ends): TransactionResult {
    const { attemptId, writes, checks } = this.#request;
    for (const commit of stored) this.#parts.tails.stored(commit.stream, endOf(commit));
    const results: { index: number; result: AppendResult }[] = writes.map(
      ({ index, append: { stream } }, at) => {
        const commit = stored.find((candidate) => candidate.stream.toString() === stream.toString());
        if (commit === undefined) return { index, result: unchanged(stream, ends.writes[at] as StreamEnd) };
        return { index, result: toAppendResult(commit, commit.attemptId === attemptId) };
      },
    );
    checks.forEach(({ index, stream }, at) =>
      results.push({ index, result: unchanged(stream, ends.checks[at] as StreamEnd) }),
    );
    return {
      committed: stored.every((commit) => commit.attemptId === attemptId),
      entries: results.toSorted((a, b) => a.index - b.index).map(({ result }) => result),
    };
  }

  #notSent(): unknown {
    const { signal, totalMs } = this.#request.deadline;
    if (signal?.aborted === true) return signal.reason;
    return new NatsError(
      `nothing was stored of the transaction: no server took it for store ${this.#parts.store} within ${totalMs} ms`,
    );
  }

  #refused({ fault, resent }: PublishAnswer & { kind: 'refused' }): Error {
    const cause = new NatsError(
      `the server refused a transaction: ${fault.description ?? 'no reason given'} (${fault.err_code ?? fault.code})`,
    );
    return resent || this.#sentBefore ? this.#unknown(cause) : cause;
  }

  #unknown(cause: unknown = this.#request.deadline.signal?.reason): Error {
    const { stream, commitId } = this.#first.append;
    const { totalMs, leftMs } = this.#request.deadline;
    return new AppendOutcomeUnknownError(
      { stream: stream.toString(), commitId, waitedMs: Math.round(totalMs - leftMs) },
      cause === undefined ? {} : { cause },
    );
  }

  #gaveUp(): Error {
    const { totalMs } = this.#request.deadline;
    return new NatsError(
      `nothing was stored of the transaction: other writers were first until the deadline of ${totalMs} ms`,
    );
  }
}

function unchanged(stream: AppendResult['stream'], tail: StreamEnd): AppendResult {
  return { stream, version: asVersion(tail.version), position: undefined, committed: false, events: [] };
}
