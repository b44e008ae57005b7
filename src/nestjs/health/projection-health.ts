import { describeProjection } from '../../projection/definition/projection-id.js';
import type { ProjectionState, ProjectionStatus } from '../../projection/projection-status.js';

/** How a projection is doing, as a health check reports it. */
export interface ProjectionHealth {
  /** Name of the projection. */
  readonly name: string;
  /** Version of the projection. */
  readonly version: number;
  /** What it does, or why it does nothing. */
  readonly state: ProjectionState;
  /** The last event of the last commit in the model. */
  readonly position: string | undefined;
  /** Commits that the log holds and the model does not; undefined while it is not known. */
  readonly pending: number | undefined;
  /** How old the oldest of these may be, in seconds; 0 when there are none. */
  readonly lagSeconds: number | undefined;
  /** Why the projection is not healthy; undefined when it is. */
  readonly cause: string | undefined;
}

/** What a projection may lack. */
export interface LagLimits {
  readonly maxLagCommits: number;
  readonly maxLagMs: number;
}

/** The one place that says what of a status is healthy. */
export function projectionHealth(status: ProjectionStatus, limits: LagLimits): ProjectionHealth {
  const { name, version, state, position, pending, lagSeconds } = status;
  const reason = reasonOf(status) ?? lagReason(status, limits);
  const cause = reason === undefined ? undefined : `projection ${describeProjection(status)} ${reason}`;
  return { name, version, state, position, pending, lagSeconds, cause };
}

function reasonOf(status: ProjectionStatus): string | undefined {
  const { state, error, stuckSince } = status;
  const why = error === undefined ? '' : `: ${error.message}`;
  switch (state) {
    case 'live':
      return undefined;
    case 'catching-up':
      return error === undefined ? undefined : `waits and tries again${why}`;
    case 'standby':
      return ownerReason(status);
    case 'stuck':
      return `is stuck since ${stuckSince?.toISOString() ?? 'some time'}${why}`;
    case 'failed':
      return `has failed${why}`;
    case 'diverged':
      return `has diverged${why}`;
    case 'paused':
      return 'is paused';
    case 'idle':
    case 'stopped':
      return 'does not run here';
  }
}

function ownerReason({ lanes }: ProjectionStatus): string | undefined {
  const free = lanes.filter(({ owner }) => owner === undefined).map(({ lane }) => lane);
  if (free.length === 0) return undefined;
  return lanes.length === 1 ? 'is run by nobody' : `has lanes that nobody runs: ${free.join(', ')}`;
}

function lagReason({ pending, lagSeconds }: ProjectionStatus, limits: LagLimits): string | undefined {
  const { maxLagCommits, maxLagMs } = limits;
  if (pending !== undefined && pending > maxLagCommits)
    return `lacks ${pending} commits, more than ${maxLagCommits}`;
  if (lagSeconds === undefined || lagSeconds * 1_000 <= maxLagMs) return undefined;
  return `lacks commits that are ${lagSeconds} s old, more than ${maxLagMs} ms`;
}
