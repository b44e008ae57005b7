import {
  TransactionConflictError,
  WrongExpectedVersionError,
} from '../../event-store/append/append-errors.js';
import { DEFAULT_DEADLINE_MS } from '../../event-store/append/append-request.js';
import { ContentionWait } from '../../kernel/contention-wait.js';
import { Deadline } from '../../kernel/deadline.js';
import { integerOption } from '../../kernel/options.js';
import { sleep } from '../../kernel/sleep.js';
import type { RetryOptions } from './retry-options.js';

interface RetriesOptions extends RetryOptions {
  /** How long to go on with attempts, in milliseconds. @default 15_000 */
  readonly deadlineMs?: number | undefined;
  /** Ends the wait before the next attempt. */
  readonly signal?: AbortSignal | undefined;
}

/** The attempts of one command: it is repeated while an error is worth it, and time and attempts are left. */
export class Retries {
  readonly #options: RetriesOptions;
  readonly #wait = new ContentionWait();
  readonly #deadlineMs: number;
  /** Errors that no further attempt can change. */
  readonly #final = new WeakSet<Error>();
  #conflictsAreFinal = false;
  #left: number;

  /** @throws {@link InvalidOptionError} when the count is negative, or the deadline is none. */
  constructor(options: RetriesOptions) {
    this.#options = options;
    this.#left = integerOption('retries', options.retries, { fallback: Infinity, min: 0 });
    this.#deadlineMs = integerOption('deadlineMs', options.deadlineMs, { fallback: DEFAULT_DEADLINE_MS });
  }

  get areLeft(): boolean {
    return this.#left > 0;
  }

  /**
   * For a command with an exact `expect`: that is the caller's own optimistic lock (If-Match), never retried
   * for them.
   */
  reportConflicts(): void {
    this.#conflictsAreFinal = true;
  }

  /** Marks an error as one that is not retried. @returns the error. */
  final<E extends Error>(error: E): E {
    this.#final.add(error);
    return error;
  }

  /**
   * Repeats an attempt until it succeeds or its error is not retried.
   *
   * @param attempt Gets its number, from 1.
   */
  async run<T>(attempt: (count: number) => Promise<T>): Promise<T> {
    const { signal } = this.#options;
    const deadline = new Deadline(this.#deadlineMs, signal);
    for (let count = 1; ; count += 1) {
      signal?.throwIfAborted();
      this.#wait.begin();
      try {
        return await attempt(count);
      } catch (error) {
        if (this.#left === 0 || deadline.leftMs === 0 || !this.#isWorthIt(error)) throw error;
      }
      this.#left -= 1;
      await sleep(this.#wait.next(), signal);
    }
  }

  #isWorthIt(error: unknown): boolean {
    const { retryWhen = isConflict } = this.#options;
    if (error instanceof Error && this.#final.has(error)) return false;
    return !(this.#conflictsAreFinal && isConflict(error)) && retryWhen(error);
  }
}

/** Whether another writer was first. */
function isConflict(error: unknown): boolean {
  return error instanceof WrongExpectedVersionError || error instanceof TransactionConflictError;
}
