import {
  TransactionConflictError,
  WrongExpectedVersionError,
} from '../../event-store/append/append-errors.js';
import { Backoff } from '../../kernel/backoff.js';
import { integerOption } from '../../kernel/options.js';
import { sleep } from '../../kernel/sleep.js';
import type { RetryOptions } from './retry-options.js';

const DEFAULT_RETRIES = 3;

interface RetriesOptions extends RetryOptions {
  /** Ends the wait before the next attempt. */
  readonly signal?: AbortSignal | undefined;
}

/** The attempts of one command: it is repeated while an error is worth it and attempts are left. */
export class Retries {
  readonly #options: RetriesOptions;
  readonly #backoff = new Backoff(2, 100);
  /** Errors that no further attempt can change. */
  readonly #final = new WeakSet<Error>();
  #conflictsAreFinal = false;
  #left: number;

  /** @throws {@link InvalidOptionError} when the count is negative. */
  constructor(options: RetriesOptions) {
    this.#options = options;
    this.#left = integerOption('retries', options.retries, { fallback: DEFAULT_RETRIES, min: 0 });
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
    for (let count = 1; ; count += 1) {
      this.#options.signal?.throwIfAborted();
      try {
        return await attempt(count);
      } catch (error) {
        if (this.#left === 0 || !this.#isWorthIt(error)) throw error;
      }
      this.#left -= 1;
      await sleep(this.#backoff.next(), this.#options.signal);
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
