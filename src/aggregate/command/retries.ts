import { Backoff } from '../../kernel/backoff.js';
import {
  TransactionConflictError,
  WrongExpectedVersionError,
} from '../../event-store/append/append-errors.js';
import { integerOption } from '../../kernel/options.js';
import { sleep } from '../../kernel/sleep.js';
import type { UpdateOptions } from './update-options.js';

const DEFAULT_RETRIES = 3;

/** The tries that one command has left. */
export class Retries {
  readonly #options: Pick<UpdateOptions, 'expect' | 'retryWhen' | 'signal'>;
  readonly #backoff = new Backoff(2, 100);
  #left: number;

  /** @throws {@link InvalidOptionError} when the count is negative. */
  constructor(options: Pick<UpdateOptions, 'expect' | 'retries' | 'retryWhen' | 'signal'>) {
    this.#options = options;
    this.#left = integerOption('retries', options.retries, { fallback: DEFAULT_RETRIES, min: 0 });
  }

  get areLeft(): boolean {
    return this.#left > 0;
  }

  /** Waits a while before the next try. @throws the failure when there is none. */
  async waitOrThrow(error: unknown): Promise<void> {
    if (this.#left === 0 || !this.#isWorthIt(error)) throw error;
    this.#left -= 1;
    await sleep(this.#backoff.next(), this.#options.signal);
  }

  #isWorthIt(error: unknown): boolean {
    const { expect, retryWhen = isConflict } = this.#options;
    // whoever names a version has seen it, and has to see the next one
    return !(typeof expect === 'number' && isConflict(error)) && retryWhen(error);
  }
}

/** Whether another writer was first. */
export function isConflict(error: unknown): boolean {
  return error instanceof WrongExpectedVersionError || error instanceof TransactionConflictError;
}
