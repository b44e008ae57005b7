import { LRUCache } from 'lru-cache';
import type { Tail } from './tail.js';

/** Streams whose tail is remembered; about 300 bytes each. */
const MAX_TAILS = 10_000;

/**
 * The tails of the streams that were appended to or read lately, by subject: they save the round trip before an append. A wrong entry does no
 * harm: the guard that is made from it conflicts, and the tail is read again.
 */
export class TailCache {
  readonly #tails = new LRUCache<string, Tail>({ max: MAX_TAILS });

  get(subject: string): Tail | undefined {
    return this.#tails.get(subject);
  }

  set(subject: string, tail: Tail): void {
    this.#tails.set(subject, tail);
  }

  /** Takes a tail from a reader that may lag, unless a newer one is known. */
  offer(subject: string, tail: Tail): void {
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
