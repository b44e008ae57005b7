const FLOOR_MS = 250;
const CEILING_MS = 5_000;
/** How fast a slow spell is forgotten: after 500 quick acknowledgements its weight has fallen to 8 %. */
const DECAY = 0.995;

/**
 * How long to wait for an acknowledgement before sending again. It starts at 250 ms, because a step-down swallows requests, and follows
 * the slowest acknowledgements seen lately (an estimate of their p99), so that a slow disk does not meet a storm of resends.
 */
export class AckTimeout {
  #slowestMs = 0;

  get ms(): number {
    return Math.min(CEILING_MS, Math.max(FLOOR_MS, this.#slowestMs * 2));
  }

  observe(ms: number): void {
    this.#slowestMs = Math.max(ms, this.#slowestMs * DECAY);
  }
}
