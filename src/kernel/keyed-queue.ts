import type { Deadline } from './deadline.js';

const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** Runs tasks of one key one after the other and tasks of different keys side by side. */
export class KeyedQueue {
  readonly #tails = new Map<string, Promise<unknown>>();

  /** @param deadline When it ends, the task waits no longer but runs at once, to find that out by itself. */
  async run<T>(key: string, task: () => Promise<T>, deadline: Deadline): Promise<T> {
    const previous = this.#tails.get(key);
    let end: (() => void) | undefined;
    const ended = new Promise<void>((resolve) => (end = resolve));
    // a task that waited no longer must not let the next one pass
    const tail = Promise.all([previous, ended]);
    this.#tails.set(key, tail);
    try {
      if (previous !== undefined) await settledOrEnded(previous, deadline);
      // nothing but the caller waits for the task: V8 drops the caller from the stacks of errors otherwise
      return await task();
    } finally {
      end?.();
      void tail.then(() => {
        if (this.#tails.get(key) === tail) this.#tails.delete(key);
      });
    }
  }
}

async function settledOrEnded(previous: Promise<unknown>, deadline: Deadline): Promise<void> {
  return new Promise((resolve) => {
    const proceed = (): void => {
      clearTimeout(timer);
      deadline.signal?.removeEventListener('abort', proceed);
      resolve();
    };
    // a timer may come a fraction early, when the deadline has not ended yet
    const timer = setTimeout(proceed, Math.min(deadline.leftMs + 2, LONGEST_TIMER_MS));
    deadline.signal?.addEventListener('abort', proceed);
    void previous.then(proceed);
    if (deadline.passed) proceed();
  });
}
