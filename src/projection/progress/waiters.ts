import { abortable } from '../../kernel/abortable.js';

export interface WaitOptions {
  readonly timeoutMs: number;
  /** Each of them ends the waiting with its reason. */
  readonly signals: readonly (AbortSignal | undefined)[];
  /** Makes the error of a wait that timed out. */
  readonly onTimeout: () => Error;
}

interface Waiter {
  readonly isOver: () => boolean;
  readonly resolve: () => void;
  readonly reject: (reason: unknown) => void;
}

/**
 * Callers that wait for a condition. A wait ends when the condition holds, with a failure, by its own timeout
 * or by its own signal, and leaves no timer and no listener.
 */
export class Waiters {
  readonly #waiting = new Set<Waiter>();

  /** Whether nobody waits. */
  get isEmpty(): boolean {
    return this.#waiting.size === 0;
  }

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

  /** Resolves the waits whose condition holds now. */
  settle(): void {
    for (const waiter of this.#waiting) if (waiter.isOver()) waiter.resolve();
  }

  /** Rejects all waits. */
  fail(error: Error): void {
    for (const waiter of this.#waiting) waiter.reject(error);
  }
}
