import type { Position } from '../event/position.js';

/**
 * - `idle`: not started yet.
 * - `catching-up`: reads what is stored already, or waits until its database or the log answers (`error` says
 * so).
 * - `live`: has read all that is stored, and continues with what comes.
 * - `stuck`: a handler or the database has not returned for `stuckAfterMs`; `error` names it. It continues when
 * that returns.
 * - `failed`: stopped at an error. Fix it, then start or rebuild.
 * - `diverged`: stopped because the log is not the one that the model was built from. Rebuild.
 * - `fenced`: stopped because another instance took over.
 * - `stopped`: stopped by `stop()`.
 */
export type ProjectionState =
  'idle' | 'catching-up' | 'live' | 'stuck' | 'failed' | 'diverged' | 'fenced' | 'stopped';

/** How a projection is doing, at the moment of the call. */
export interface ProjectionStatus {
  /** Name of the projection. */
  readonly name: string;
  /** Version of the projection. */
  readonly version: number;
  /** What it does, or why it does nothing. */
  readonly state: ProjectionState;
  /** Whether the last read of the log found nothing more. */
  readonly caughtUp: boolean;
  /** The last event of the last commit in the model; undefined while there is none, or none is known. */
  readonly position: Position | undefined;
  /** Since when a handler or the database has not returned, in the state `stuck`; undefined otherwise. */
  readonly stuckSince: Date | undefined;
  /** Why it stopped, or what it is waiting out; undefined when neither. */
  readonly error: Error | undefined;
}
