import type { Position } from '../event/position.js';

/**
 * - `idle`: not started yet.
 * - `catching-up`: reads what is stored already, or waits for its database or the log to answer again (then `error` says so).
 * - `live`: has read all there is, and goes on with what comes.
 * - `failed`: stopped at a fault; mend it, then start or rebuild.
 * - `diverged`: stopped because the log is not the one that the model was built from; rebuild.
 * - `fenced`: stopped because another instance took over.
 * - `stopped`: by `stop()`.
 */
export type ProjectionState = 'idle' | 'catching-up' | 'live' | 'failed' | 'diverged' | 'fenced' | 'stopped';

export interface ProjectionStatus {
  readonly name: string;
  readonly version: number;
  readonly state: ProjectionState;
  /** Whether the last look at the log found nothing more to read. */
  readonly caughtUp: boolean;
  /** The last event of the last commit in the model; undefined while there is none, or none is known. */
  readonly position: Position | undefined;
  /** Why it stopped, or what it is waiting out. */
  readonly error: Error | undefined;
}
