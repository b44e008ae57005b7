import { LRUCache } from 'lru-cache';
import type { StreamEnd } from './stream-end.js';

/** Streams whose tail is remembered; about 300 bytes each. */
const MAX_TAILS = 10_000;

/**
 * The tails of the streams that were appended to or read lately, by subject: they save the round trip before an append. A wrong entry does no
 * harm: the guard that is made from it conflicts, and the tail is read again.
 */
export class StreamEndCache {
  readonly #tails = new LRUCache<string, StreamEnd>({ max: MAX_TAILS });

  get(subject: string): StreamEnd | undefined {
    return this.#tails.get(subject);
  }

  set(subject: string, tail: StreamEnd): void {
    this.#tails.set(subject, tail);
  }

  /** Takes a tail from a reader that may lag, unless a newer one is known. */
  offer(subject: string, tail: StreamEnd): void {
    if ((this.#tails.get(subject)?.sequence ?? 0) < tail.sequence) this.#tails.set(subject, tail);
  }

  delete(subject: string): void {
    this.#tails.delete(subject);
  }

  /**
   * After a reconnect: a server that lost the end of its log may have given the same sequence to another commit since, and a guard made
   * from a tail of before would hold.
   */
  clear(): void {
    this.#tails.clear();
  }
}
