import type { StoredCommit } from '../../event/commit.js';
import { WrongExpectedVersionError } from '../../event-store/append/append-errors.js';
import type { AppendRequest } from '../../event-store/append/append-request.js';
import { toAppendResult } from '../../event-store/append/append-result.js';
import type { AppendResult } from '../../event-store/event-store.js';
import { meets, namedExpectation } from '../../event-store/append/expectation.js';
import { checkUnknown, guardHolds, type InMemoryParts, messageOf } from './in-memory-commit.js';
import type { InMemoryMessage } from './in-memory-log.js';
import { decode } from './in-memory-reader.js';
import { EMPTY_STREAM, type StreamEnd } from '../../event-store/append/stream-end.js';

/**
 * Stores commits at the ends of streams. It asks in the order that an append over the network does (command id, known end, size, guard), so
 * that of two faults the same one is told; it does so in one go, so that nothing is left to settle.
 */
export class InMemoryAppender {
  readonly #parts: InMemoryParts;

  constructor(parts: InMemoryParts) {
    this.#parts = parts;
  }

  append(request: AppendRequest): AppendResult {
    const stored = this.#storedBefore(request) ?? this.#store(request);
    return toAppendResult(stored, stored.attemptId === request.attemptId);
  }

  #storedBefore({ idIsShared, commitId, lookedUpTo }: AppendRequest): StoredCommit | undefined {
    return idIsShared ? this.#parts.reader.withId(commitId, lookedUpTo) : undefined;
  }

  #store(request: AppendRequest): StoredCommit {
    // nobody asks for the end of a stream that is expected to have none: the guard tells
    const tail = request.expect === 0 ? EMPTY_STREAM : this.#expectedTail(request);
    const message = messageOf(this.#parts, request, tail);
    if (!guardHolds(this.#parts, request, tail)) this.#expectedTail(request);
    checkUnknown(this.#parts, request);
    const [stored] = this.#parts.log.store([message]);
    return decode(stored as InMemoryMessage);
  }

  /** @throws {@link WrongExpectedVersionError} when the stream is not as expected. */
  #expectedTail(request: AppendRequest): StreamEnd {
    const { stream, expect } = request;
    const tail = this.#parts.reader.tail(stream);
    if (meets(request, tail)) return tail;
    const expected = namedExpectation(expect);
    throw new WrongExpectedVersionError({ stream: stream.toString(), expected, actual: tail.version });
  }
}
