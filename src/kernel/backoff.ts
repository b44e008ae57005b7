/**
 * Waiting times that double from `firstMs` up to `maxMs`, each spread over its upper half so that callers do
 * not march in step.
 */
export class Backoff {
  readonly #firstMs: number;
  readonly #maxMs: number;
  #attempt = 0;

  constructor(firstMs: number, maxMs: number) {
    this.#firstMs = firstMs;
    this.#maxMs = maxMs;
  }

  /** The next waiting time in milliseconds. */
  next(): number {
    const full = Math.min(this.#firstMs * 2 ** this.#attempt, this.#maxMs);
    this.#attempt += 1;
    return full / 2 + (Math.random() * full) / 2;
  }

  /** Starts over, after progress. */
  reset(): void {
    this.#attempt = 0;
  }
}
