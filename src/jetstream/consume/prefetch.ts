/**
 * Messages that are held in advance are worth about this much work, in milliseconds: more would keep them
 * from instances that are idle.
 */
const AHEAD_MS = 50;
const MOST = 512;
/** What one observation counts for in the average. */
const WEIGHT = 0.1;

/**
 * How many messages to hold, those being handled included: few where handling one takes long, many where it
 * does not.
 */
export class Prefetch {
  readonly #concurrency: number;
  #averageMs: number | undefined;

  constructor(concurrency: number) {
    this.#concurrency = concurrency;
  }

  get limit(): number {
    if (this.#averageMs === undefined) return this.#concurrency * 2;
    const ahead = Math.ceil((this.#concurrency * AHEAD_MS) / Math.max(this.#averageMs, 0.01));
    return this.#concurrency + Math.min(ahead, MOST);
  }

  /** Notes how long handling one took, in milliseconds. */
  observe(ms: number): void {
    this.#averageMs = this.#averageMs === undefined ? ms : this.#averageMs + (ms - this.#averageMs) * WEIGHT;
  }
}
