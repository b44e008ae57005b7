import type { StreamName } from '../../event/stream-name.js';
import { subjectOf } from '../../event/subject.js';
import type { Deadline } from '../../kernel/deadline.js';
import { type ExpectedEnd, meets } from './expectation.js';
import type { StreamReader } from '../read/stream-reader.js';
import { EMPTY_STREAM, type StreamEnd, endOf } from './stream-end.js';
import type { StreamEndCache } from './stream-end-cache.js';

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

  /** The known tail where it fits the expectation, else the leader's, which may fit it no better. */
  async expected(stream: StreamName, end: ExpectedEnd, deadline: Deadline): Promise<StreamEnd> {
    // a wrong tail does no harm, since the guard made from it conflicts; a refusal takes the leader's word
    const known = end.expect === 0 ? EMPTY_STREAM : this.#cache.get(subjectOf(this.#store, stream));
    return known !== undefined && meets(end, known) ? known : this.atLeader(stream, deadline);
  }

  async atLeader(stream: StreamName, deadline: Deadline): Promise<StreamEnd> {
    const subject = subjectOf(this.#store, stream);
    const last = await this.#reader.last(stream, 'leader', deadline);
    if (last === undefined) {
      this.#cache.delete(subject);
      return EMPTY_STREAM;
    }
    const tail = endOf(last);
    this.#cache.set(subject, tail);
    return tail;
  }

  /** Takes note of a commit that is known to be stored. */
  stored(stream: StreamName, tail: StreamEnd): void {
    this.#cache.offer(subjectOf(this.#store, stream), tail);
  }
}
