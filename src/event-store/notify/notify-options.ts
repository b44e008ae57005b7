import type { Metadata } from '../../event/metadata.js';
import type { Position } from '../../event/position.js';

/** Options of {@link EventStore.notify}. */
export interface NotifyOptions {
  /**
   * Names one intention: what is stored under it again within the duplicate window of the store (two minutes)
   * is stored once. The place of an event in the list counts, its type and data are not compared. 1 to 200
   * characters.
   * @default none
   */
  readonly commandId?: string | undefined;
  /** Stored with each event and read back with it. @default none */
  readonly metadata?: Metadata | undefined;
  /**
   * How long to try until the outcome is known, in milliseconds, 60_000 at most: well within the duplicate
   * window, so that nothing is stored twice.
   * @default 15_000
   */
  readonly deadlineMs?: number | undefined;
  /** Ends the wait with its reason. What was sent by then may be stored. @default none */
  readonly signal?: AbortSignal | undefined;
}

/** The result of {@link EventStore.notify}. */
export interface NotifyResult {
  /**
   * The position of each event, in the order of the list. Of one that was stored before under the same command
   * id, it is the first one's.
   */
  readonly positions: readonly Position[];
}
