import type { StoredCommit } from '../../event/commit.js';
import type { StreamName } from '../../event/stream-name.js';
import { subjectOf } from '../../event/subject.js';
import type { Deadline } from '../../kernel/deadline.js';
import type { StreamReader } from '../read/stream-reader.js';
import { meets } from './expectation.js';
import { EMPTY_STREAM, endOf, type StreamEnd } from './stream-end.js';
import type { StreamEndCache } from './stream-end-cache.js';
import type { StreamCheck } from './write-request.js';

/** Where the next commit of a stream goes: from the cache while that fits what is expected, else from the leader. */
export class StreamEnds {
  readonly #store: string;
  readonly #reader: StreamReader;
  readonly #cache: StreamEndCache;

  constructor(store: string, reader: StreamReader, cache: StreamEndCache) {
    this.#store = store;
    this.#reader = reader;
    this.#cache = cache;
  }

  /** The known end where it is as expected. A wrong one does no harm: the guard made from it conflicts. */
  known(expected: StreamCheck): StreamEnd | undefined {
    const end = expected.expect === 0 ? EMPTY_STREAM : this.#cache.get(this.#subjectOf(expected.stream));
    return end !== undefined && meets(expected, end) ? end : undefined;
  }

  async atLeader(stream: StreamName, deadline: Deadline): Promise<StreamEnd> {
    const subject = this.#subjectOf(stream);
    const last = await this.#reader.last(stream, 'leader', deadline);
    if (last === undefined) {
      this.#cache.delete(subject);
      return EMPTY_STREAM;
    }
    const end = endOf(last);
    this.#cache.set(subject, end);
    return end;
  }

  /** Takes note of a commit that was stored, or read. */
  offer(commit: StoredCommit): void {
    this.#cache.offer(this.#subjectOf(commit.stream), endOf(commit));
  }

  /** Takes note of a commit that this store has written. */
  stored(commit: StoredCommit): void {
    this.#cache.stored(this.#subjectOf(commit.stream), commit);
  }

  #subjectOf(stream: StreamName): string {
    return subjectOf(this.#store, stream);
  }
}
