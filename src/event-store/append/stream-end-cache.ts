import { LRUCache } from 'lru-cache';
import type { StreamEnd } from './stream-end.js';

/** Number of streams whose end is cached; about 300 bytes each. */
const MAX_ENDS = 10_000;

/** An end as it was in an epoch of the log; see {@link MessageLog.epoch}. */
export interface RememberedEnd {
  readonly end: StreamEnd;
  readonly epoch: number;
}

/**
 * The ends of the streams that were appended to or read lately, by subject: they save the round trip before an append. An end that others have
 * moved since does no harm: the guard that is made from it conflicts, and the end is read again. An end of an earlier epoch may be one that the log
 * has lost: its sequence may have been given to another commit, and the guard would hold. It only tells what the caller has seen.
 */
export class StreamEndCache {
  readonly #ends = new LRUCache<string, RememberedEnd>({ max: MAX_ENDS });

  get(subject: string): RememberedEnd | undefined {
    return this.#ends.get(subject);
  }

  set(subject: string, remembered: RememberedEnd): void {
    this.#ends.set(subject, remembered);
  }

  /** Takes an end from a reader that may lag, unless a newer one is known. */
  offer(subject: string, { end, epoch }: RememberedEnd): void {
    const known = this.#ends.get(subject);
    const isNewer =
      known === undefined ||
      known.epoch < epoch ||
      (known.epoch === epoch && known.end.sequence < end.sequence);
    if (isNewer) this.#ends.set(subject, { end, epoch });
  }

  delete(subject: string): void {
    this.#ends.delete(subject);
  }
}
