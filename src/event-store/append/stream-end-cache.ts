import { LRUCache } from 'lru-cache';
import type { StreamEnd } from './stream-end.js';

/** Number of streams whose end is cached; about 300 bytes each. */
const MAX_ENDS = 10_000;

/**
 * The ends of recently used streams, by subject: they save the round trip before an append. A wrong entry
 * does no harm: the guard that is made from it conflicts, and the end is read again.
 */
export class StreamEndCache {
  readonly #ends = new LRUCache<string, StreamEnd>({ max: MAX_ENDS });

  get(subject: string): StreamEnd | undefined {
    return this.#ends.get(subject);
  }

  set(subject: string, end: StreamEnd): void {
    this.#ends.set(subject, end);
  }

  /** Takes an end from a reader that may lag, unless a newer one is known. */
  offer(subject: string, end: StreamEnd): void {
    if ((this.#ends.get(subject)?.sequence ?? 0) < end.sequence) this.#ends.set(subject, end);
  }

  delete(subject: string): void {
    this.#ends.delete(subject);
  }

  /**
   * Drops all entries, after a reconnect. A server that lost the end of its log may have given the same
   * sequence to another commit, and a guard made from an old entry would hold.
   */
  clear(): void {
    this.#ends.clear();
  }
}
