/**
 * Messages that are held in advance are worth about this much work, in milliseconds: more would keep them
 * from instances that are idle.
 */
const AHEAD_MS = 50;
const MOST = 512;
/** What one observation counts for in the average. */
const WEIGHT = 0.1;

/**
 * How many messages to hold, those being handled included: many where handling one is quick, and none in
 * advance where it is slow or not known yet.
 */
export class Prefetch {
  readonly #concurrency: number;
  readonly #least: number;
  #averageMs = Infinity;

  /** @param least How many to hold in advance at least. @default 0 */
  constructor(concurrency: number, least = 0) {
    this.#concurrency = concurrency;
    this.#least = least;
  }

  get limit(): number {
    const ahead = Math.floor((this.#concurrency * AHEAD_MS) / Math.max(this.#averageMs, 0.01));
    return this.#concurrency + Math.min(Math.max(ahead, this.#least), MOST);
  }

  /** Notes how long handling one took, in milliseconds. */
  observe(ms: number): void {
    const isFirst = this.#averageMs === Infinity;
    this.#averageMs = isFirst ? ms : this.#averageMs + (ms - this.#averageMs) * WEIGHT;
  }
}
