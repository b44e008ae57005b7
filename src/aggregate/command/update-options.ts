import type { Metadata } from '../../event/metadata.js';
import type { Position } from '../../event/position.js';
import type { Version } from '../../event/version.js';
import type { Expectation } from '../../event-store/append/append-options.js';

/** After which failures a command is decided again. */
export interface RetryOptions {
  /** How often to load and decide again after another writer was first; 0 for never. @default 3 */
  readonly retries?: number | undefined;
  /**
   * Which failures, of the decision or of storing it, are worth another try. One whose outcome is unknown should be only where there is a command id.
   * A conflict with an exact version that the caller expects is never tried again. @default conflicts
   */
  readonly retryWhen?: ((error: unknown) => boolean) | undefined;
}

/** How commands are identified, stored and waited for. */
export interface CommandOptions extends RetryOptions {
  /**
   * Names the intention: handled twice, also by two processes or an hour apart, it is stored once, and the second call reports the first one's
   * version and position. It is looked up before the expectation is judged.
   */
  readonly commandId?: string | undefined;
  /** Stored with the commit. */
  readonly metadata?: Metadata | undefined;
  /** Time for each append to become certain, and at most spent in the queue of the stream, in milliseconds. @default 15_000 */
  readonly deadlineMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface UpdateOptions extends CommandOptions {
  /**
   * What must be true of the aggregate before the decision: that it exists, that it is new, an exact version (such as a client's
   * `If-Match`), or nothing. @default 'exists' for an aggregate class, 'any' for a decider
   */
  readonly expect?: Expectation | undefined;
}

/** A command whose expectation has been settled. */
export interface ExpectingOptions extends CommandOptions {
  readonly expect: Expectation;
}

export interface UpdateResult<T> {
  /** What the decision returned; undefined when the command had been handled before. */
  readonly value: T | undefined;
  /** The aggregate's version after the call; for a command that had been handled before, the version after that. */
  readonly version: Version;
  /** Position of the last event stored; undefined when the decision was to do nothing. */
  readonly position: Position | undefined;
  /** Whether this very call stored events. */
  readonly committed: boolean;
  /** How often it was decided: more than 1 when other writers were first. 0 for a command that had been handled before. */
  readonly attempts: number;
}
