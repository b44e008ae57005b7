import { LONGEST_TIMER_MS } from '../kernel/options.js';
import type { Timer } from '../kernel/wakeup.js';

/** What a lane runner tells the time by: a clock that never goes back, of this process alone. */
export interface LaneClock extends Timer {
  /** In milliseconds. */
  now(): number;
}

/** The clock of the process. */
export const PROCESS_CLOCK: LaneClock = {
  now: () => performance.now(),
  after(ms, action) {
    const timer = setTimeout(action, Math.min(ms, LONGEST_TIMER_MS));
    return () => clearTimeout(timer);
  },
};
