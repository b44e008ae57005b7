import type { Metadata } from '../../event/metadata.js';
import type { Position } from '../../event/position.js';
import type { Version } from '../../event/version.js';
import type { Expectation } from '../../event-store/append/append-options.js';
import type { RetryOptions } from '../write/retry-options.js';

/** How a command is identified, stored and waited for. */
export interface CommandOptions extends RetryOptions {
  /**
   * Id of the intention, such as that of a request. A command that is handled twice is stored once, also by
   * two processes or an hour apart: the second call gets the version and position of the first. Checked
   * before `expect`. The id of a command over other aggregates is refused with a {@link
   * CommandIdReusedError}.
   *
   * @default none: each call is a command of its own
   */
  readonly commandId?: string | undefined;
  /** Stored with the commit, over the metadata of {@link runWithMetadata}. @default none */
  readonly metadata?: Metadata | undefined;
  /**
   * How long an append may take until its outcome is known, in milliseconds. The wait for earlier commands on
   * the same stream has the same limit.
   *
   * @default 15_000
   */
  readonly deadlineMs?: number | undefined;
  /**
   * Ends the call: with the reason of the signal before events are sent, with
   * {@link AppendOutcomeUnknownError} when their outcome is not known yet.
   *
   * @default none
   */
  readonly signal?: AbortSignal | undefined;
}

/** Options of `handle` and `update`; without `expect`, those of `create`. */
export interface UpdateOptions extends CommandOptions {
  /**
   * What must be true of the aggregate before the decision: it exists, it is new (`'none'`), it is at a
   * version (such as a client's `If-Match`), or nothing (`'any'`).
   *
   * @default 'exists' for a class, 'any' for a decider
   */
  readonly expect?: Expectation | undefined;
}

/** Options of a command whose expectation is decided. */
export interface ExpectingOptions extends CommandOptions {
  readonly expect: Expectation;
}

/** Result of `update` and `create` of a class. */
export interface UpdateResult<T> {
  /** What the decision returned; undefined when the command had been handled before. */
  readonly value: T | undefined;
  /** Version of the aggregate after the command, also when the command had been handled before. */
  readonly version: Version;
  /** Position of the last event stored; undefined when the decision was to do nothing. */
  readonly position: Position | undefined;
  /** Whether this very call stored events. */
  readonly committed: boolean;
  /**
   * How often it was decided: more than 1 after other writers were first, 0 when the command had been handled
   * before.
   */
  readonly attempts: number;
}
