import { Backoff } from '../../kernel/backoff.js';
import { hasJetsourceBrand } from '../../kernel/jetsource-error.js';
import { sleep } from '../../kernel/sleep.js';
import type { ProjectionId } from '../definition/projection-id.js';
import { ProjectionFailedError } from '../projection-errors.js';
import { HandlerFault } from './handler-fault.js';

/**
 * How often a handler is called with an event that it fails on. Its tries then span half a second to a
 * second.
 */
const HANDLER_TRIES = 5;
const FIRST_WAIT_MS = 50;
const LONGEST_WAIT_MS = 5_000;

export interface HandlerRetryOptions {
  readonly projection: ProjectionId;
  /** Ends the waiting. */
  readonly signal: AbortSignal;
  /** Called with the first of several failures in a row, and never with one that ends the work. */
  readonly onDelay: (error: Error) => void;
}

/**
 * Does the work until it succeeds. An error of the projection's own code is final after 5 tries. A database
 * or a log that does not answer is waited for without limit, up to 5 s between two tries.
 *
 * @throws {@link ProjectionFailedError} when the projection's own code keeps failing; other errors of
 * jetsource as they are; the signal's reason.
 */
export async function retry<T>(work: () => Promise<T>, options: HandlerRetryOptions): Promise<T> {
  const backoff = new Backoff(FIRST_WAIT_MS, LONGEST_WAIT_MS);
  let delayed = false;
  for (let handlerTries = 1; ;) {
    try {
      return await work();
    } catch (error) {
      // work that was aborted has not failed
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

function failure({ name, version }: ProjectionId, fault: HandlerFault): ProjectionFailedError {
  const details = { projection: name, version, reason: fault.message };
  return new ProjectionFailedError(details, { cause: fault.cause });
}
