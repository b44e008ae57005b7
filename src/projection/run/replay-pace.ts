import { sleep } from '../../kernel/sleep.js';

/** How a model is built until it has caught up. */
export interface ReplayLimits {
  /** Commits in one transaction at most. @default 500 */
  readonly batch?: number | undefined;
  /** Events in a second at most, so that a rebuild leaves room for others. @default no limit */
  readonly maxEventsPerSecond?: number | undefined;
}

/** Keeps a replay below a number of events in a second. */
export class ReplayPace {
  readonly #limit: number | undefined;
  /** When the events so far are done at the highest pace allowed. */
  #dueAt = 0;

  constructor({ maxEventsPerSecond }: ReplayLimits) {
    this.#limit = maxEventsPerSecond;
  }

  /** Waits after so many events. */
  async passed(events: number, signal: AbortSignal): Promise<void> {
    if (this.#limit === undefined) return;
    const now = performance.now();
    this.#dueAt = Math.max(this.#dueAt, now) + (events * 1_000) / this.#limit;
    if (this.#dueAt > now) await sleep(this.#dueAt - now, signal);
  }
}
