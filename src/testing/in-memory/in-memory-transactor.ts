import { BATCH_HEADERS_BYTES } from '../../jetstream/publish/publisher.js';
import type { StoredCommit } from '../../event/commit.js';
import type { StreamName } from '../../event/stream-name.js';
import { asVersion } from '../../event/version.js';
import {
  TransactionConflictError,
  type TransactionViolation,
} from '../../event-store/append/append-errors.js';
import { toAppendResult } from '../../event-store/append/append-result.js';
import type { AppendResult, TransactionResult } from '../../event-store/event-store.js';
import { type ExpectedEnd, meets, namedExpectation } from '../../event-store/append/expectation.js';
import { checkUnknown, type InMemoryParts, messageOf } from './in-memory-commit.js';
import { decode } from './in-memory-reader.js';
import { EMPTY_STREAM, type StreamEnd } from '../../event-store/append/stream-end.js';
import type { TransactRequest } from '../../event-store/append/transact-request.js';

/** An entry of a transaction, whether it writes or checks. */
interface Expected extends ExpectedEnd {
  readonly index: number;
  readonly stream: StreamName;
}

/** Stores commits in several streams at once, all or none; in the order of questions that {@link InMemoryAppender} keeps as well. */
export class InMemoryTransactor {
  readonly #parts: InMemoryParts;

  constructor(parts: InMemoryParts) {
    this.#parts = parts;
  }

  transact(request: TransactRequest): TransactionResult {
    const earlier = this.#storedBefore(request);
    return this.#resultOf(request, earlier.length > 0 ? earlier : this.#store(request));
  }

  #storedBefore({ writes }: TransactRequest): StoredCommit[] {
    return writes
      .map(({ append }) =>
        append.idIsShared ? this.#parts.reader.withId(append.commitId, append.lookedUpTo) : undefined,
      )
      .filter((commit) => commit !== undefined);
  }

  #store(request: TransactRequest): StoredCommit[] {
    const violations = this.#violations(request);
    const knownViolations = violations.filter(({ expected }) => expected !== 'none');
    if (knownViolations.length > 0) throw new TransactionConflictError({ violations });
    const maxPayload = this.#parts.maxPayload - BATCH_HEADERS_BYTES;
    const messages = request.writes.map(({ append }) =>
      messageOf(
        this.#parts,
        append,
        append.expect === 0 ? EMPTY_STREAM : this.#tail(append.stream),
        maxPayload,
      ),
    );
    if (violations.length > 0) throw new TransactionConflictError({ violations });
    for (const { append } of request.writes) checkUnknown(this.#parts, append);
    // on a server each check is a message of its own, which is deleted at once
    const carriers = request.checks.filter(({ expect }) => expect !== 'any').length;
    return this.#parts.log.store(messages, carriers).map(decode);
  }

  #violations({ writes, checks }: TransactRequest): TransactionViolation[] {
    const entries: Expected[] = [...writes.map(({ index, append }) => ({ ...append, index })), ...checks];
    return entries
      .map((entry) => ({ ...entry, tail: this.#tail(entry.stream) }))
      .filter((entry) => !meets(entry, entry.tail))
      .map(({ index, stream, expect, tail }) => ({
        index,
        stream: stream.toString(),
        expected: namedExpectation(expect),
        actual: tail.version,
      }))
      .toSorted((a, b) => a.index - b.index);
  }

  #resultOf(
    { attemptId, writes, checks }: TransactRequest,
    stored: readonly StoredCommit[],
  ): TransactionResult {
    const results = [
      ...writes.map(({ index, append: { stream, commitId } }) => {
        const commit = stored.find((candidate) => candidate.commitId === commitId);
        if (commit === undefined) return { index, result: this.#unchanged(stream) };
        return { index, result: toAppendResult(commit, commit.attemptId === attemptId) };
      }),
      ...checks.map(({ index, stream }) => ({ index, result: this.#unchanged(stream) })),
    ];
    return {
      committed: stored.every((commit) => commit.attemptId === attemptId),
      entries: results.toSorted((a, b) => a.index - b.index).map(({ result }) => result),
    };
  }

  #unchanged(stream: StreamName): AppendResult {
    const version = asVersion(this.#tail(stream).version);
    return { stream, version, position: undefined, committed: false, events: [] };
  }

  #tail(stream: StreamName): StreamEnd {
    return this.#parts.reader.tail(stream);
  }
}
