import { comparePositions, type Position } from '../../event/position.js';
import { total } from '../../kernel/total.js';
import type { ProjectionId } from '../definition/projection-id.js';
import type { LaneStatus, ProjectionState, ProjectionStatus, RebuildStatus } from '../projection-status.js';
import { type LaneView, laneStatusOf, reportedError } from './lane-view.js';

/** The worst comes first. */
const BY_SEVERITY: readonly ProjectionState[] = [
  'failed',
  'diverged',
  'stuck',
  'paused',
  'stopped',
  'idle',
  'standby',
  'catching-up',
  'live',
];

/** How a projection is doing, by its lanes. */
export function combinedStatus(
  { name, version }: ProjectionId,
  views: readonly LaneView[],
  isServing: boolean | undefined,
): ProjectionStatus {
  const lanes = views.map(laneStatusOf);
  const worst = lanes.toSorted((a, b) => severity(a) - severity(b))[0] as LaneStatus;
  const pending = total(lanes.map((lane) => lane.pending));
  const eventsPerSecond = lanes.reduce((sum, lane) => sum + lane.eventsPerSecond, 0);
  return {
    name,
    version,
    state: worst.state,
    caughtUp: lanes.every(({ state }) => state === 'live'),
    isServing,
    position: lowest(lanes.map(({ position }) => position)),
    pending,
    lagSeconds: largest(lanes.map(({ lagSeconds }) => lagSeconds)),
    eventsPerSecond,
    caughtUpInSeconds: timeFor(pending, eventsPerSecond),
    // no lane knows it
    replicaLag: undefined,
    stuckSince: worst.stuckSince,
    error: worst.error ?? lanes.find(({ error }) => error !== undefined)?.error,
    lanes,
    rebuild: combinedRebuild(views),
  };
}

function combinedRebuild(views: readonly LaneView[]): RebuildStatus | undefined {
  const reports = views.map(({ report }) => report.rebuild).filter((each) => each !== undefined);
  const worst = reports.toSorted((a, b) => severity(a) - severity(b))[0];
  if (worst === undefined) return undefined;
  return {
    build: worst.build,
    state: worst.state,
    pending: total(reports.map(({ pending }) => pending)),
    eventsPerSecond: reports.reduce((sum, each) => sum + each.eventsPerSecond, 0),
    error: reportedError(worst.error),
  };
}

function severity({ state }: { readonly state: ProjectionState }): number {
  return BY_SEVERITY.indexOf(state);
}

/** An estimate: an event is about a commit. */
function timeFor(pending: number | undefined, perSecond: number): number | undefined {
  if (pending === undefined || pending === 0) return pending;
  return perSecond === 0 ? undefined : pending / perSecond;
}

function largest(numbers: readonly (number | undefined)[]): number | undefined {
  const known = numbers.filter((each) => each !== undefined);
  return known.length === 0 ? undefined : Math.max(...known);
}

function lowest(positions: readonly (Position | undefined)[]): Position | undefined {
  const known = positions.filter((each) => each !== undefined);
  return known.length < positions.length ? undefined : known.toSorted(comparePositions)[0];
}
