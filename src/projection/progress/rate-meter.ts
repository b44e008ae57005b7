const WINDOW_MS = 10_000;

/** How many events were handled in a second, over the last ten seconds. */
export class RateMeter {
  readonly #now: () => number;
  readonly #counts: { readonly at: number; readonly events: number }[] = [];

  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  count(events: number): void {
    const at = this.#now();
    const last = this.#counts.at(-1);
    if (last !== undefined && at - last.at < 100)
      this.#counts[this.#counts.length - 1] = { at: last.at, events: last.events + events };
    else this.#counts.push({ at, events });
    this.#forget(at);
  }

  /** On average since the first event of the window. */
  perSecond(): number {
    const now = this.#now();
    this.#forget(now);
    const [first] = this.#counts;
    if (first === undefined) return 0;
    const events = this.#counts.reduce((sum, count) => sum + count.events, 0);
    return Math.round((events * 1_000) / Math.max(now - first.at, 1_000));
  }

  #forget(now: number): void {
    while ((this.#counts[0]?.at ?? now) < now - WINDOW_MS) this.#counts.shift();
  }
}
