import type { Position } from '../event/position.js';

/**
 * - `idle`: not started yet.
 * - `standby`: another process runs it, or is about to. This one takes over when that one ends.
 * - `catching-up`: reads what is stored already, or waits until its database or the log answers (`error` says
 * so).
 * - `live`: has read all that is stored, and continues with what comes.
 * - `stuck`: a handler or the database has not returned for `stuckAfterMs`; `error` names it. It continues when
 * that returns.
 * - `paused`: stopped by `pause()`, in all processes, until `resume()`.
 * - `failed`: stopped at an error. Fix it, then start or rebuild.
 * - `diverged`: stopped because the log is not the one that the model was built from. Rebuild.
 * - `stopped`: stopped by `stop()`.
 */
export type ProjectionState =
  'idle' | 'standby' | 'catching-up' | 'live' | 'stuck' | 'paused' | 'failed' | 'diverged' | 'stopped';

/** The process that runs a lane of a projection. */
export interface ProjectionOwner {
  /** Its id, new at each start. */
  readonly member: string;
  /** Name of its machine. */
  readonly host: string;
  /** Its process id there. */
  readonly pid: number;
  /** Whether it is this process. */
  readonly isOwn: boolean;
}

/** How one lane of a projection is doing. */
export interface LaneStatus {
  /** Counted from 0. */
  readonly lane: number;
  /** What it does, or why it does nothing. Of a lane of another process, what that process said last. */
  readonly state: ProjectionState;
  /** Who runs it; undefined while nobody does, as far as is known. */
  readonly owner: ProjectionOwner | undefined;
  /** The last event of the last commit in the model; undefined while there is none, or none is known. */
  readonly position: Position | undefined;
  /** Commits that the log holds and the model does not; undefined while it is not known. */
  readonly pending: number | undefined;
  /** How old the oldest of these may be, in seconds; 0 when there are none. */
  readonly lagSeconds: number | undefined;
  /** Events handled in a second, over the last ten seconds. */
  readonly eventsPerSecond: number;
  /** Since when a handler or the database has not returned, in the state `stuck`; undefined otherwise. */
  readonly stuckSince: Date | undefined;
  /** Why it stopped, or what it is waiting out; undefined when neither. */
  readonly error: Error | undefined;
}

/** How a rebuild beside the model that readers see is doing. */
export interface RebuildStatus {
  /** The build that is made. */
  readonly build: number;
  readonly state: ProjectionState;
  /** Commits that are left to be replayed; undefined while it is not known. */
  readonly pending: number | undefined;
  /** Events replayed in a second, over the last ten seconds. */
  readonly eventsPerSecond: number;
  /** Why it stopped, or what it is waiting out; undefined when neither. */
  readonly error: Error | undefined;
}

/**
 * How a projection is doing, over all processes that run it: at the moment of the call in this process, and as
 * of the last second in others.
 */
export interface ProjectionStatus {
  /** Name of the projection. */
  readonly name: string;
  /** Version of the projection. */
  readonly version: number;
  /** That of the lane that is worst off: failed before stuck, before catching up, before live. */
  readonly state: ProjectionState;
  /** Whether the last read of the log found nothing more, in every lane. */
  readonly caughtUp: boolean;
  /** Whether readers see this version, as far as is known; undefined while it is not. */
  readonly isServing: boolean | undefined;
  /** The lowest position of its lanes; undefined while a lane has none, or none is known. */
  readonly position: Position | undefined;
  /** Commits that the log holds and the model does not; undefined while it is not known. */
  readonly pending: number | undefined;
  /** How old the oldest of these may be, in seconds; 0 when there are none. */
  readonly lagSeconds: number | undefined;
  /** Events handled in a second, over the last ten seconds. */
  readonly eventsPerSecond: number;
  /** In how many seconds it will have caught up at that rate; undefined when that cannot be said. */
  readonly caughtUpInSeconds: number | undefined;
  /** Since when a handler or the database has not returned, in the state `stuck`; undefined otherwise. */
  readonly stuckSince: Date | undefined;
  /** Why it stopped, or what it is waiting out; undefined when neither. */
  readonly error: Error | undefined;
  /**
   * How many sequences the mirror that it reads is after the store; undefined without `readFrom`, and while it is
   * not known.
   */
  readonly replicaLag: number | undefined;
  /** Each of its lanes. */
  readonly lanes: readonly LaneStatus[];
  /** A rebuild beside the model that readers see; undefined when there is none. */
  readonly rebuild: RebuildStatus | undefined;
}
