import { abortable } from '../kernel/abortable.js';

export interface WaitOptions {
  readonly timeoutMs: number;
  /** Each of them ends the waiting with its reason. */
  readonly signals: readonly (AbortSignal | undefined)[];
  /** The error to give up with when the time is over. */
  readonly onTimeout: () => Error;
}

interface Waiter {
  readonly isOver: () => boolean;
  readonly resolve: () => void;
  readonly reject: (reason: unknown) => void;
}

/** Callers that wait for a condition. Each ends with the condition, a failure, its own timeout or its own signal, and leaves nothing behind. */
export class Waiters {
  readonly #waiting = new Set<Waiter>();

  /** Resolves at the first {@link settle} at which `isOver` is true. */
  async until(isOver: () => boolean, options: WaitOptions): Promise<void> {
    const { timeoutMs, signals, onTimeout } = options;
    let leave = (): void => undefined;
    const met = new Promise<void>((resolve, reject) => {
      const waiter: Waiter = { isOver, resolve, reject };
      const timer = setTimeout(() => reject(onTimeout()), timeoutMs);
      this.#waiting.add(waiter);
      leave = () => {
        clearTimeout(timer);
        this.#waiting.delete(waiter);
      };
    });
    try {
      await abortable(met, signals);
    } finally {
      leave();
    }
  }

  /** Lets those go whose condition is met. */
  settle(): void {
    for (const waiter of this.#waiting) if (waiter.isOver()) waiter.resolve();
  }

  /** Ends the waiting of all. */
  fail(error: Error): void {
    for (const waiter of this.#waiting) waiter.reject(error);
  }
}
