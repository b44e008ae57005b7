import type { Position } from '../../event/position.js';
import type { RebuildStart } from '../start/rebuild-start.js';

/** Options of {@link Projections.rebuild}. */
export interface RebuildOptions {
  /** The model is then built from the events from there on. @default the beginning of the log */
  readonly from?: RebuildStart | undefined;
  /**
   * Called after each transaction of this process. What it throws is reported to `onError`, and does not stop the
   * rebuild.
   *
   * @default not called
   */
  readonly onProgress?: ((progress: RebuildProgress) => void) | undefined;
  /** Commits in one transaction at most, 1 or more, for the lanes of this process. @default 500 */
  readonly batch?: number | undefined;
  /**
   * Events replayed in a second at most by each lane of this process, 1 or more, so that a rebuild leaves room
   * for other work. @default no limit
   */
  readonly maxEventsPerSecond?: number | undefined;
  /**
   * Rejects the call with its reason. Once the model is cleared, the projection continues with the replay all
   * the same. @default none
   */
  readonly signal?: AbortSignal | undefined;
}

/** How far a rebuild is. */
export interface RebuildProgress {
  /** Events replayed so far, those without a handler included. */
  readonly events: number;
  /** Commits replayed so far. */
  readonly commits: number;
  /** Events replayed in a second, on average since the rebuild began. */
  readonly eventsPerSecond: number;
  /** The last event that the model holds. */
  readonly position: Position;
  /** Commits that are left; undefined while it is not known. */
  readonly pending: number | undefined;
  /** How long these will take at the rate so far, in seconds; undefined while it is not known. */
  readonly remainingSeconds: number | undefined;
}

/** What a rebuild did. */
export interface RebuildResult {
  /** Events replayed, those without a handler included. */
  readonly events: number;
  /** Commits replayed. */
  readonly commits: number;
  /** Time from the call until the model held all events, in milliseconds. */
  readonly durationMs: number;
  /** Events replayed in a second, on average. */
  readonly eventsPerSecond: number;
}
