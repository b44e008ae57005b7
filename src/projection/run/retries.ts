import { Backoff } from '../../kernel/backoff.js';
import { hasJetsourceBrand } from '../../kernel/jetsource-error.js';
import { sleep } from '../../kernel/sleep.js';
import type { ProjectionDefinition } from '../definition/projection-definition.js';
import { ProjectionFailedError } from '../projection-errors.js';
import { Fenced } from './fenced.js';
import { HandlerFault } from './handler-fault.js';

const FIRST_WAIT_MS = 50;
const LONGEST_WAIT_MS = 2_000;

export interface RetriesOptions {
  readonly definition: ProjectionDefinition;
  /** Ends the waiting. */
  readonly signal: AbortSignal;
  /** Called with the first of several failures in a row, and never with one that ends the work. */
  readonly onDelay: (error: Error) => void;
  /**
   * Called when the attempts at an event are used up. @returns whether the work can go on without it.
   */
  readonly onGiveUp: (fault: HandlerFault, attempts: number) => boolean;
}

/**
 * Does work until it succeeds. An error of the projection's own code is final after the attempts that its
 * policy allows. A database or a log that does not answer is waited for without limit, up to 2 s between two
 * tries.
 */
export class Retries {
  readonly #options: RetriesOptions;
  /** Attempts at the event that fails, or at what concerns no event. */
  #failing: { readonly event: string | undefined; attempts: number } | undefined;

  constructor(options: RetriesOptions) {
    this.#options = options;
  }

  /**
   * @throws {@link ProjectionFailedError} when the projection's own code keeps failing; other errors of
   * jetsource as they are; the signal's reason.
   */
  async run<T>(work: () => Promise<T>): Promise<T> {
    const { signal, onDelay } = this.#options;
    const backoff = new Backoff(FIRST_WAIT_MS, LONGEST_WAIT_MS);
    for (let isFirst = true; ; isFirst = false) {
      try {
        return await work();
      } catch (error) {
        // work that was aborted has not failed
        if (isFinal(error) || (signal.aborted && error === signal.reason)) throw error;
        const isGivenUp = error instanceof HandlerFault && this.#isGivenUp(error);
        if (isFirst || isGivenUp) onDelay(error as Error);
        if (!isGivenUp) await sleep(this.#pauseAfter(error) ?? backoff.next(), signal);
      }
    }
  }

  /** @throws {@link ProjectionFailedError} when the projection cannot go on without what fails. */
  #isGivenUp(fault: HandlerFault): boolean {
    const { definition, onGiveUp } = this.#options;
    if (definition.store.isTransient?.(fault.cause) === true) return false;
    const event = fault.event?.id;
    if (this.#failing?.event !== event) this.#failing = undefined;
    this.#failing ??= { event, attempts: 0 };
    this.#failing.attempts += 1;
    if (this.#failing.attempts < definition.failure.maxAttempts) return false;
    const { attempts } = this.#failing;
    this.#failing = undefined;
    if (onGiveUp(fault, attempts)) return true;
    const { name, version } = definition;
    const details = { projection: name, version, reason: fault.message };
    throw new ProjectionFailedError(details, { cause: fault.cause });
  }

  /** Undefined where the projection does not say. */
  #pauseAfter(error: unknown): number | undefined {
    const { backoffMs } = this.#options.definition.failure;
    if (!(error instanceof HandlerFault) || this.#failing === undefined) return undefined;
    return backoffMs?.[this.#failing.attempts - 1] ?? backoffMs?.at(-1);
  }
}

/** Whether no further try helps. */
export function isFinal(error: unknown): boolean {
  if (error instanceof Fenced) return true;
  return hasJetsourceBrand(error) && error.code !== 'nats';
}
