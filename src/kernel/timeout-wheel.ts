/** Resolution of the wheel; a timeout comes up to this much late. */
const TICK_MS = 20;

/** Cancels a timeout that is not needed any more. */
export type CancelTimeout = () => void;

/** Many timeouts over one timer: what a request costs is an entry in a set, not a timer of its own. */
export class TimeoutWheel {
  readonly #buckets = new Map<number, Set<() => void>>();
  #timer: NodeJS.Timeout | undefined;

  after(ms: number, action: () => void): CancelTimeout {
    const tick = Math.ceil((performance.now() + ms) / TICK_MS);
    const bucket = this.#buckets.get(tick) ?? this.#open(tick);
    // a function of its own for each call, since one action may be waiting twice
    const entry = (): void => action();
    bucket.add(entry);
    return () => this.#remove(tick, bucket, entry);
  }

  #open(tick: number): Set<() => void> {
    const bucket = new Set<() => void>();
    this.#buckets.set(tick, bucket);
    this.#timer ??= setInterval(() => this.#turn(), TICK_MS);
    return bucket;
  }

  #remove(tick: number, bucket: Set<() => void>, entry: () => void): void {
    bucket.delete(entry);
    if (bucket.size === 0) this.#drop(tick);
  }

  #turn(): void {
    const now = performance.now() / TICK_MS;
    for (const [tick, bucket] of this.#buckets) {
      if (tick > now) continue;
      this.#drop(tick);
      for (const action of bucket) action();
    }
  }

  #drop(tick: number): void {
    this.#buckets.delete(tick);
    if (this.#buckets.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
