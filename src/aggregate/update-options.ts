import type { Metadata } from '../event/metadata.js';
import type { Position } from '../event/position.js';
import type { Version } from '../event/version.js';
import type { Expectation } from '../event-store/event-store.js';

export interface UpdateOptions {
  /**
   * What must be true of the aggregate before the decision: that it exists, that it is new, an exact version (such as a client's
   * `If-Match`), or nothing. A conflict with an exact version is the caller's and never retried. @default 'exists'
   */
  readonly expect?: Expectation | undefined;
  /** Names the intention: handled twice, it is stored once, and the second call reports the first one's versions. */
  readonly commandId?: string | undefined;
  /** How often to load and decide again after another writer was first. @default 3 */
  readonly retries?: number | undefined;
  /** Stored with the commit. */
  readonly metadata?: Metadata | undefined;
  /** Time for each append to become certain, in milliseconds. @default 15_000 */
  readonly deadlineMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface UpdateResult<T> {
  /** What the decision returned; undefined when the command had been handled before. */
  readonly value: T | undefined;
  /** The aggregate's version after the call. */
  readonly version: Version;
  /** Position of the last event stored; undefined when the decision was to do nothing. */
  readonly position: Position | undefined;
  /** Whether this very call stored events. */
  readonly committed: boolean;
  /** How often it was decided: more than 1 when other writers were first. 0 for a command that had been handled before. */
  readonly attempts: number;
}
