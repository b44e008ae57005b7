const FLOOR_MS = 250;
const CEILING_MS = 5_000;
/**
 * The slowest line that is not taken for silence: all that is on its way gets the time that it needs there.
 */
const BYTES_PER_MS = 4_000;
/** How fast a slow spell is forgotten: after 500 quick acknowledgements its weight has fallen to 8 %. */
const DECAY = 0.995;

/**
 * How long to wait for an acknowledgement before sending again. It starts at 250 ms, because a step-down
 * swallows requests, and follows the slowest acknowledgements seen lately (an estimate of their p99), so that
 * a slow disk does not meet a storm of resends.
 */
export class AckTimeout {
  #slowestMs = 0;
  #bytes = 0;

  get ms(): number {
    return Math.min(CEILING_MS, Math.max(FLOOR_MS, this.#slowestMs * 2)) + this.#bytes / BYTES_PER_MS;
  }

  /** More bytes are on their way, or fewer. */
  load(bytes: number): void {
    this.#bytes += bytes;
  }

  observe(ms: number): void {
    this.#slowestMs = Math.max(ms, this.#slowestMs * DECAY);
  }
}
