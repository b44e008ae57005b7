/** Work is begun for this long in one turn of the event loop, in milliseconds. */
const TURN_MS = 25;

/**
 * Shares the event loop between work that comes faster than it is done and all else: when work has been begun for
 * a while in one turn of the loop, the rest begins in the next one. Timers run in between, and what servers have
 * answered is read.
 */
export class LoopTurns {
  /** When the first work of this turn was begun; undefined while none was. */
  #begunAt: number | undefined;
  readonly #waiting = new Set<() => void>();

  /** Whether no more work is to be begun in this turn. Asked for before each piece of work. */
  get isOver(): boolean {
    const now = performance.now();
    if (this.#begunAt !== undefined) return now - this.#begunAt >= TURN_MS;
    this.#begunAt = now;
    setImmediate(() => this.#next());
    return false;
  }

  /** Calls back in the next turn, once for each listener. */
  inNext(listener: () => void): void {
    this.#waiting.add(listener);
  }

  #next(): void {
    this.#begunAt = undefined;
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const listener of waiting) listener();
  }
}

/** Those of this process, for all that handles messages in it. */
export const LOOP_TURNS = new LoopTurns();
