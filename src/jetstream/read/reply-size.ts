/** What one round of gets may bring: the server cuts off a client that lets 64 MB pile up. */
const ROUND_BYTES = 2 * 1024 * 1024;
const MAX_GETS = 1_000;
/** How much one reply moves the estimate. */
const WEIGHT = 0.05;

/** An estimate of how large replies are, from those that came. */
export class ReplySize {
  #bytes = 1_024;

  /** How many gets one round may hold. */
  get perRound(): number {
    return Math.max(1, Math.min(MAX_GETS, Math.floor(ROUND_BYTES / this.#bytes)));
  }

  observe(bytes: number): void {
    // a large reply counts at once, a small one by and by
    this.#bytes = Math.max(bytes * WEIGHT + this.#bytes * (1 - WEIGHT), bytes / 4);
  }
}
