import { jest } from '@jest/globals';

/** One step: what the timers of jetsource are precise to. */
const STEP_MS = 20;
/** Turns of the event loop in which all that is on its way arrives. */
const TURNS = 6;
/** How long to look for what needs a pause that cannot be skipped. */
const PAUSE_MS = 5;
const MOST_TRIES = 600;

/**
 * Intervals and `performance.now()` in hand: timeouts, watchdogs and deadlines are made of them. Short pauses
 * (back-off) take the time they take.
 */
export class TestClock {
  #skippedMs = 0;

  constructor() {
    jest.useFakeTimers({
      doNotFake: [
        'Date',
        'hrtime',
        'nextTick',
        'performance',
        'queueMicrotask',
        'setImmediate',
        'clearImmediate',
        'setTimeout',
        'clearTimeout',
      ],
    });
    const now = performance.now.bind(performance);
    jest.spyOn(performance, 'now').mockImplementation(() => now() + this.#skippedMs);
  }

  /** Intervals that run. */
  get intervals(): number {
    return jest.getTimerCount();
  }

  /** Lets time pass, in small steps, and all that it sets off happen. */
  async pass(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += STEP_MS) {
      this.#skippedMs += STEP_MS;
      jest.advanceTimersByTime(STEP_MS);
      await this.settle();
    }
  }

  /** Time passes at once, as in a process that was busy. */
  jump(ms: number): void {
    this.#skippedMs += ms;
  }

  /** All that is on its way arrives. */
  async settle(): Promise<void> {
    for (let turn = 0; turn < TURNS; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  }

  /** Lets time pass until something is true, and fails naming it when it does not come true. */
  async until(what: string, isSo: () => boolean): Promise<void> {
    for (let tries = 0; !isSo(); tries += 1) {
      if (tries === MOST_TRIES) throw new TypeError(`${what} did not come true`);
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
      await this.pass(STEP_MS);
    }
  }

  restore(): void {
    jest.restoreAllMocks();
    jest.useRealTimers();
  }
}
