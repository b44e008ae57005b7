import type { LaneClock } from '../../src/lane/lane-clock.js';

/** Turns of the event loop in which all that is on its way in memory arrives. */
const TURNS = 4;

interface ManualTimer {
  readonly at: number;
  readonly action: () => void;
}

/** A clock that goes when it is told to. */
export class ManualClock implements LaneClock {
  #now = 0;
  readonly #timers = new Set<ManualTimer>();

  now(): number {
    return this.#now;
  }

  after(ms: number, action: () => void): () => void {
    const timer = { at: this.#now + Math.max(0, ms), action };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  /** Lets time pass, timer by timer, and all that each sets off happen. */
  async pass(ms: number): Promise<void> {
    const end = this.#now + ms;
    await this.settle();
    for (let next = this.#next(end); next !== undefined; next = this.#next(end)) {
      this.#timers.delete(next);
      this.#now = Math.max(this.#now, next.at);
      next.action();
      await this.settle();
    }
    this.#now = end;
  }

  /** Time passes at once, as for a process that is suspended. */
  jump(ms: number): void {
    this.#now += ms;
  }

  /** All that is on its way arrives. */
  async settle(): Promise<void> {
    for (let turn = 0; turn < TURNS; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  }

  #next(end: number): ManualTimer | undefined {
    const due = [...this.#timers].filter(({ at }) => at <= end);
    return due.toSorted((one, other) => one.at - other.at)[0];
  }
}
