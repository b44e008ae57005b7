import {
  TransactionConflictError,
  WrongExpectedVersionError,
} from '../../event-store/append/append-errors.js';
import type { StreamTurns } from '../../event-store/turns/stream-turns.js';
import { WriterTurns } from '../../event-store/turns/writer-turns.js';
import { NatsError } from '../../jetstream/connection/connection-errors.js';
import { Backoff } from '../../kernel/backoff.js';
import type { Deadline } from '../../kernel/deadline.js';
import { integerOption } from '../../kernel/options.js';
import { sleep } from '../../kernel/sleep.js';
import type { RetryOptions } from './retry-options.js';

/** Retries of errors that are no conflicts. */
const DEFAULT_RETRIES = 3;

/**
 * The attempts of one command: it is repeated while an error is worth it, attempts are left, and there is
 * time.
 */
export class Retries {
  /** That of the whole command. */
  readonly deadline: Deadline;
  /** Those on the streams that the command writes. An attempt begins and ends with none. */
  readonly turns: WriterTurns;
  readonly #options: RetryOptions;
  readonly #backoff = new Backoff(2, 100);
  /** Errors that no further attempt can change. */
  readonly #final = new WeakSet<Error>();
  #conflictsAreFinal = false;
  #conflicts = 0;
  #lastConflict: Error | undefined;
  #otherErrors = 0;

  /** @throws {@link InvalidOptionError} when the count is negative. */
  constructor(options: RetryOptions, deadline: Deadline, turns: StreamTurns) {
    this.deadline = deadline;
    this.turns = new WriterTurns(turns, deadline);
    this.#options = options;
    checkRetries(options);
  }

  /** Whether the command is decided again after a conflict. */
  get areLeft(): boolean {
    const { retries } = this.#options;
    return retries === undefined || this.#conflicts + this.#otherErrors < retries;
  }

  /** Milliseconds left for an append, at least 1. */
  get leftMs(): number {
    return Math.max(1, Math.ceil(this.deadline.leftMs));
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
      const { conflicts } = this.turns;
      if (this.turns.isToWait(conflicts)) await this.turns.begin(conflicts);
      try {
        this.deadline.signal?.throwIfAborted();
        return await attempt(count);
      } catch (error) {
        this.turns.end(false);
        await this.#next(error);
      } finally {
        this.turns.end(false);
      }
    }
  }

  /** Ends when the next attempt is due. @throws the error if there is none. */
  async #next(error: unknown): Promise<void> {
    if (this.#wasCutOff(error)) throw this.#lastConflict ?? error;
    if (!this.areLeft || this.deadline.passed || !this.#isWorthIt(error)) throw error;
    if (!isConflict(error)) return this.#waitAfterError(error);
    this.#conflicts += 1;
    this.#lastConflict = error;
    // the next attempt waits for its turn
    this.turns.lost(streamsOf(error));
  }

  /** The time was up before the attempt had sent anything: the caller gets the conflict before. */
  #wasCutOff(error: unknown): boolean {
    const isUp = this.deadline.leftMs === 0 && this.deadline.signal?.aborted !== true;
    return isUp && error instanceof NatsError && error.outcome !== 'unknown';
  }

  async #waitAfterError(error: unknown): Promise<void> {
    if (this.#options.retries === undefined && this.#otherErrors === DEFAULT_RETRIES) throw error;
    this.#otherErrors += 1;
    await sleep(Math.min(this.#backoff.next(), this.deadline.leftMs), this.deadline.signal);
  }

  #isWorthIt(error: unknown): boolean {
    const { retryWhen = isConflict } = this.#options;
    if (error instanceof Error && this.#final.has(error)) return false;
    return !(this.#conflictsAreFinal && isConflict(error)) && retryWhen(error);
  }
}

/** @throws {@link InvalidOptionError} when the count is negative. */
export function checkRetries({ retries }: RetryOptions): void {
  integerOption('retries', retries, { fallback: DEFAULT_RETRIES, min: 0 });
}

/** Whether another writer was first. */
export function isConflict(error: unknown): error is WrongExpectedVersionError | TransactionConflictError {
  return error instanceof WrongExpectedVersionError || error instanceof TransactionConflictError;
}

function streamsOf(conflict: WrongExpectedVersionError | TransactionConflictError): string[] {
  if (conflict instanceof WrongExpectedVersionError) return [conflict.stream];
  return conflict.violations.map(({ stream }) => stream);
}
