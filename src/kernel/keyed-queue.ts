import type { Deadline } from './deadline.js';
import { Wakeup } from './wakeup.js';

/** A timer may come a fraction early, when the deadline has not ended yet. */
const TIMER_SLACK_MS = 2;

/** Runs tasks of one key one after the other and tasks of different keys side by side. */
export class KeyedQueue {
  readonly #tails = new Map<string, Promise<unknown>>();

  /**
   * @param deadline If it passes while the task waits, the task starts anyway and fails with its own deadline
   * error.
   */
  async run<T>(key: string, task: () => Promise<T>, deadline: Deadline): Promise<T> {
    const previous = this.#tails.get(key);
    // a promise of its own: V8 leaves the caller out of stack traces when anything but an await listens to
    // the task
    let end = (): void => undefined;
    const ended = new Promise<void>((resolve) => (end = resolve));
    // a task that waited no longer must not let the next one pass
    const tail = previous === undefined ? ended : Promise.all([previous, ended]);
    this.#tails.set(key, tail);
    try {
      if (previous !== undefined) await endOf(previous, deadline);
      return await task();
    } finally {
      end();
      void tail.then(() => {
        if (this.#tails.get(key) === tail) this.#tails.delete(key);
      });
    }
  }
}

/** Resolves when the tasks before have ended, or the deadline has. */
async function endOf(previous: Promise<unknown>, deadline: Deadline): Promise<void> {
  if (deadline.passed) return;
  const ended = new Wakeup();
  void previous.then(() => ended.wake());
  await ended.wait({ timeoutMs: deadline.leftMs + TIMER_SLACK_MS, signal: deadline.signal });
}
