import { comparePositions, parsePosition, type Position } from '../../event/position.js';
import type { LaneStatus, ProjectionOwner } from '../projection-status.js';
import { ProjectionDivergedError, ProjectionFailedError } from '../projection-errors.js';
import type { ProjectionId } from '../definition/projection-id.js';
import type { LaneReport, ReportedError } from './lane-report.js';

/** A lane as this process knows it: by itself, or by what its owner has told. */
export interface LaneView {
  readonly owner: ProjectionOwner | undefined;
  readonly report: LaneReport;
  /** The error of this process; that of another process comes as a report. */
  readonly error: Error | undefined;
}

/** Whether the model holds what it can hold of the lane up to that position. */
export function hasReached({ position: reached, reachedSequence }: LaneReport, position: Position): boolean {
  if (reachedSequence === undefined) return false;
  if (reached !== undefined && comparePositions(position, reached) <= 0) return true;
  return parsePosition(position).sequence <= reachedSequence;
}

/** Why the lane does not go on; undefined while it does. */
export function failureOf({ report, error, owner }: LaneView, id: ProjectionId): Error | undefined {
  if (report.state !== 'failed' && report.state !== 'diverged') return undefined;
  if (error !== undefined) return error;
  const { name: projection, version } = id;
  const place = owner === undefined ? '' : ` in process ${owner.pid} on ${owner.host}`;
  const told = report.error?.message ?? report.state;
  const prefix = `projection ${projection} (version ${version}) stopped: `;
  const reason = `${told.startsWith(prefix) ? told.slice(prefix.length) : told}${place}`;
  const details = { projection, version, reason };
  return report.state === 'diverged'
    ? new ProjectionDivergedError(details)
    : new ProjectionFailedError(details);
}

export function laneStatusOf({ report, owner, error }: LaneView): LaneStatus {
  const { lane, state, position, pending, lagSeconds, eventsPerSecond, stuckSince } = report;
  return {
    lane,
    state,
    owner,
    position,
    pending,
    lagSeconds,
    eventsPerSecond,
    stuckSince: stuckSince === undefined ? undefined : new Date(stuckSince),
    error: error ?? reportedError(report.error),
  };
}

/** An error of another process, with the name and the message that it has there. */
class ErrorElsewhere extends Error {
  override readonly name: string;

  constructor({ name, message }: ReportedError) {
    super(message);
    this.name = name;
  }
}

/** An error of another process. */
export function reportedError(error: LaneReport['error']): Error | undefined {
  return error && new ErrorElsewhere(error);
}
