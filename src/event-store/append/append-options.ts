import type { Metadata } from '../../event/metadata.js';
import type { Position } from '../../event/position.js';
import type { StreamName } from '../../event/stream-name.js';
import type { Version } from '../../event/version.js';

/**
 * What the caller expects of the stream: nothing, that it is new, that it exists, or an exact version.
 * Version 0 is the same as `none`.
 */
export type Expectation = 'any' | 'none' | 'exists' | number;

/** Where a caller's state of a stream ends. For repositories. */
export interface FoldedTo {
  /**
   * The caller has read the stream up to this version and has not found the command id there: the look-up
   * starts after it. A version that was not searched would let a command be stored twice.
   * @default 0
   *
   * @internal
   */
  readonly lookedUpTo?: number | undefined;
  /**
   * Id of the last commit that the caller has folded. A stream that ends in another commit conflicts, even at
   * the expected version: after data loss another commit can have the same version.
   * @default any commit
   *
   * @internal
   */
  readonly lastCommitId?: string | undefined;
}

/** Options of an append. */
export interface AppendOptions extends FoldedTo {
  /** What the stream must be like. @default 'any' */
  readonly expect?: Expectation | undefined;
  /**
   * Names one intention. It is stored once, even if it is appended twice by two processes or an hour apart.
   * The second caller gets the first one's result with `committed: false`. The id is looked up before the
   * expectation is checked. 1 to 200 characters.
   * @default none
   */
  readonly commandId?: string | undefined;
  /** Stored with the commit and read back with each of its events. @default none */
  readonly metadata?: Metadata | undefined;
  /** How long to try until the outcome is known, in milliseconds. @default 15_000 */
  readonly deadlineMs?: number | undefined;
  /**
   * Ends the wait with its reason. What was sent by then may be stored (`outcome: 'unknown'`).
   * @default none
   */
  readonly signal?: AbortSignal | undefined;
}

/** One event of an append, as it was stored. */
export interface AppendedEvent {
  /** Commit id and index: `<uuid>/0`. */
  readonly id: string;
  /** The registered name of its type. */
  readonly type: string;
  /** Its version in the stream, from 1. */
  readonly version: Version;
  /** Its place in the store. */
  readonly position: Position;
}

/** The result of an append. */
export interface AppendResult {
  /** The stream that was appended to. */
  readonly stream: StreamName;
  /** Version of the stream's last event of this commit. */
  readonly version: Version;
  /** Position of that event; undefined for an empty append. */
  readonly position: Position | undefined;
  /**
   * Whether this call stored the events: false for an empty append and for a command that was stored before.
   */
  readonly committed: boolean;
  /** The events as stored; empty for an empty append. */
  readonly events: readonly AppendedEvent[];
}
