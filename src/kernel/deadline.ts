import { performance } from 'node:perf_hooks';
import { LONGEST_TIMER_MS } from './options.js';

/** A point in time that a whole operation has to meet, however many waits it is made of. */
export class Deadline {
  /** The time that the operation was given, in milliseconds. */
  readonly totalMs: number;
  /** Ends the operation before its time; undefined for none. */
  readonly signal: AbortSignal | undefined;
  readonly #end: number;

  constructor(totalMs: number, signal?: AbortSignal) {
    this.totalMs = totalMs;
    this.signal = signal;
    this.#end = performance.now() + totalMs;
  }

  /** Milliseconds left, never negative. */
  get leftMs(): number {
    return Math.max(0, this.#end - performance.now());
  }

  /** Whether the time is up or the caller gave up. */
  get passed(): boolean {
    return this.leftMs === 0 || this.signal?.aborted === true;
  }

  /** This deadline, or an earlier one, that long from now. */
  atMost(totalMs: number): Deadline {
    return this.leftMs <= totalMs ? this : new Deadline(totalMs, this.signal);
  }

  /** Calls back once, when the time is up or the caller gives up. @returns what prevents that. */
  onPassed(listener: () => void): () => void {
    const end = (): void => {
      stop();
      listener();
    };
    // a timer may come a fraction early
    const timer = setTimeout(end, Math.min(Math.ceil(this.leftMs) + 1, LONGEST_TIMER_MS));
    const stop = (): void => {
      clearTimeout(timer);
      this.signal?.removeEventListener('abort', end);
    };
    this.signal?.addEventListener('abort', end);
    return stop;
  }
}
