import { onAbort } from './on-abort.js';
import { LONGEST_TIMER_MS } from './options.js';

/** What sets a timer: one of Node, or a wheel that many timeouts share. */
export interface Timer {
  /** Calls `action` once that time has passed; returns how to prevent that. */
  after(ms: number, action: () => void): () => void;
}

/** How long to wait. */
export interface WaitOptions {
  /** At most, in milliseconds. @default without end */
  readonly timeoutMs?: number | undefined;
  /** Ends the wait as well. */
  readonly signal?: AbortSignal | undefined;
}

/** How a wait ended. */
export type WaitEnd = 'woken' | 'timeout' | 'aborted';

const NODE_TIMER: Timer = {
  after(ms, action) {
    const timer = setTimeout(action, Math.min(ms, LONGEST_TIMER_MS));
    return () => clearTimeout(timer);
  },
};

/**
 * Lets callers wait until something happens, a time has passed, or they give up. Only callers that already
 * wait are woken: check the state before each wait.
 */
export class Wakeup {
  readonly #timer: Timer;
  #waiting: ((end: WaitEnd) => void)[] = [];

  constructor(timer: Timer = NODE_TIMER) {
    this.#timer = timer;
  }

  /** Ends all current waits. */
  wake(): void {
    if (this.#waiting.length === 0) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const end of waiting) end('woken');
  }

  /** Never rejects. However it ends, no timer and no listener stays. */
  async wait({ timeoutMs, signal }: WaitOptions = {}): Promise<WaitEnd> {
    if (signal?.aborted === true) return 'aborted';
    return new Promise((resolve) => {
      const end = (how: WaitEnd): void => {
        cancelTimeout?.();
        stopListening?.();
        if (how !== 'woken') this.#waiting = this.#waiting.filter((other) => other !== end);
        resolve(how);
      };
      const cancelTimeout =
        timeoutMs === undefined ? undefined : this.#timer.after(timeoutMs, () => end('timeout'));
      const stopListening = signal && onAbort(signal, () => end('aborted'));
      this.#waiting.push(end);
    });
  }
}
