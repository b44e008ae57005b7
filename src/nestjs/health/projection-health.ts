import { parsePosition } from '../../event/position.js';
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
  readonly position?: string | undefined;
  /** At most so many commits of the store are not in the model yet; undefined when the store does not answer. */
  readonly lagCommits?: number | undefined;
  /** Why the projection is not healthy; undefined when it is. */
  readonly cause?: string | undefined;
}

/** What a projection is measured by. */
export interface ProjectionLimits {
  /** The end of the log; undefined when the store does not answer. */
  readonly lastSequence: number | undefined;
  readonly maxLagCommits: number | undefined;
}

/** The one place that says what of a status is healthy. */
export function projectionHealth(status: ProjectionStatus, limits: ProjectionLimits): ProjectionHealth {
  const { name, version, state, position } = status;
  const lagCommits = lagOf(status, limits.lastSequence);
  const reason = reasonOf(status) ?? lagReason(lagCommits, limits.maxLagCommits);
  const cause = reason === undefined ? undefined : `projection ${describeProjection(status)} ${reason}`;
  return { name, version, state, position, lagCommits, cause };
}

function reasonOf({ state, error, stuckSince }: ProjectionStatus): string | undefined {
  const why = error === undefined ? '' : `: ${error.message}`;
  switch (state) {
    case 'live':
      return undefined;
    case 'catching-up':
      return error === undefined ? undefined : `waits and tries again${why}`;
    case 'stuck':
      return `is stuck since ${stuckSince?.toISOString() ?? 'some time'}${why}`;
    case 'failed':
      return `has failed${why}`;
    case 'diverged':
      return `has diverged${why}`;
    case 'fenced':
      return `was taken over${why}`;
    case 'idle':
    case 'stopped':
      return 'does not run here';
  }
}

function lagReason(lagCommits: number | undefined, maxLagCommits: number | undefined): string | undefined {
  if (lagCommits === undefined || maxLagCommits === undefined || lagCommits <= maxLagCommits)
    return undefined;
  return `lacks ${lagCommits} commits, more than ${maxLagCommits}`;
}

function lagOf(
  { caughtUp, position }: ProjectionStatus,
  lastSequence: number | undefined,
): number | undefined {
  if (caughtUp) return 0;
  if (lastSequence === undefined) return undefined;
  return Math.max(0, lastSequence - (position === undefined ? 0 : parsePosition(position).sequence));
}
