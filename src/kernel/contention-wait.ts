import { performance } from 'node:perf_hooks';
import { Backoff } from './backoff.js';

const FIRST_MS = 2;
const LONGEST_MS = 48;
/** A share of the wait is spread over this many times what a try takes: where the server is slow, tries only make it slower. */
const TRIES = 4;

/**
 * Waits between tries of something that others do at the same time, where the first one wins. They stay short, since who waits long loses again to who
 * does not.
 */
export class ContentionWait {
  readonly #backoff = new Backoff(FIRST_MS, LONGEST_MS);
  #triedAt = performance.now();

  /** A try begins. */
  begin(): void {
    this.#triedAt = performance.now();
  }

  /** How long to wait after the try, in milliseconds. */
  next(): number {
    const tryMs = performance.now() - this.#triedAt;
    return this.#backoff.next() + Math.random() * TRIES * Math.min(tryMs, LONGEST_MS);
  }
}
