import { Backoff } from '../kernel/backoff.js';
import { hasJetsourceBrand } from '../kernel/jetsource-error.js';
import { ProjectionFailedError } from './projection-errors.js';
import { sleep } from '../kernel/sleep.js';
import { HandlerFault } from './handler-fault.js';

/** So often a handler is called with an event that it fails on. With these waiting times it has failed for half a second to a second. */
const HANDLER_TRIES = 5;
const FIRST_WAIT_MS = 50;
const LONGEST_WAIT_MS = 5_000;

export interface HandlerRetryOptions {
  readonly projection: string;
  /** Ends the waiting. */
  readonly signal: AbortSignal;
  /** Told of the first failure in a row, and of none when the work ends for good. */
  readonly onDelay: (error: Error) => void;
}

/**
 * Does the work until it succeeds. A fault of the projection's own code is final after 5 tries; a database or a log that does not answer
 * is waited for as long as it takes, up to 5 s between two tries.
 *
 * @throws {@link ProjectionFailedError} when the projection's own code goes on failing; jetsource's other errors as they are; the signal's
 * reason.
 */
export async function retry<T>(work: () => Promise<T>, options: HandlerRetryOptions): Promise<T> {
  const backoff = new Backoff(FIRST_WAIT_MS, LONGEST_WAIT_MS);
  let delayed = false;
  for (let handlerTries = 1; ;) {
    try {
      return await work();
    } catch (error) {
      // given up in the middle is no failure to tell of
      if (isFinal(error) || (options.signal.aborted && error === options.signal.reason)) throw error;
      if (error instanceof HandlerFault && handlerTries++ >= HANDLER_TRIES)
        throw failure(options.projection, error);
      if (!delayed) options.onDelay(error as Error);
      delayed = true;
      await sleep(backoff.next(), options.signal);
    }
  }
}

function isFinal(error: unknown): boolean {
  return hasJetsourceBrand(error) && error.code !== 'nats';
}

function failure(projection: string, fault: HandlerFault): ProjectionFailedError {
  return new ProjectionFailedError({ projection, reason: fault.message }, { cause: fault.cause });
}
