import type { LaneView as SeenLanes, SeenMember } from '../../lane/lane-view.js';
import { laneViewOf } from '../../lane/lane-view.js';
import { laneKey } from '../../lane/lane-key.js';
import type { StoredRecord } from '../../log/record-table.js';
import { describeProjection, type ProjectionId } from '../../projection/definition/projection-id.js';
import {
  type Control,
  decodeControl,
  NO_CONTROL,
  parseControlKey,
} from '../../projection/operation/control-record.js';
import { combinedStatus } from '../../projection/progress/combined-status.js';
import { type LaneReport, projectionOfWork } from '../../projection/progress/lane-report.js';
import { laneReportIn } from '../../projection/progress/member-report.js';
import type { LaneView } from '../../projection/progress/lane-view.js';
import { UnknownProjectionError } from '../../projection/projection-errors.js';
import type { ProjectionStatus } from '../../projection/projection-status.js';

/** A process that has been silent for longer is taken for dead, as the others do; in seconds. */
export const SILENT_SECONDS = 3;

/** A projection in one database, as processes share its lanes. */
interface ProjectionWork extends ProjectionId {
  /** The name of the work. */
  readonly work: string;
  readonly lanes: number;
}

/** A process that runs projections, as its record says. */
export interface SurveyedProcess {
  readonly member: string;
  readonly host: string;
  readonly pid: number;
  /** How long ago it wrote its record, by the server's clock. */
  readonly heardSecondsAgo: number;
}

/** What the records beside a store say of a projection. */
export interface SurveyedProjection {
  readonly id: ProjectionId;
  readonly control: Control;
  /** By what its owners have told; undefined when nobody runs it. */
  readonly status: ProjectionStatus | undefined;
  /** The processes that can run it and are alive. */
  readonly processes: readonly SurveyedProcess[];
  /** Those that ran it, and have not been heard of for a while. They have not said goodbye. */
  readonly silent: readonly SurveyedProcess[];
}

/** The records beside a store, and the time at which they were read. */
export interface ReadRecords {
  readonly records: readonly StoredRecord[];
  /** By the server's clock, in milliseconds since 1970. */
  readonly now: number;
}

/** All projections that are known, by name and version. */
export function surveyProjections({ records, now }: ReadRecords): SurveyedProjection[] {
  const seen = laneViewOf(records);
  const controls = controlsIn(records);
  const works = worksIn(seen);
  const ids = new Map<string, ProjectionId>();
  for (const { name, version } of [...works, ...[...controls.values()].map(({ id }) => id)])
    ids.set(describeProjection({ name, version }), { name, version });
  return [...ids]
    .map(([key, id]) => {
      const own = works.filter((work) => describeProjection(work) === key);
      const control = controls.get(key)?.control ?? NO_CONTROL;
      return surveyed({ id, control, works: own }, seen, now);
    })
    .toSorted((a, b) => compare(a.id.name, b.id.name) || a.id.version - b.id.version);
}

/**
 * @param version @default the newest one that is known
 * @throws {@link UnknownProjectionError} with the list of what there is.
 */
export function findSurveyed(
  all: readonly SurveyedProjection[],
  { name, version }: { readonly name: string; readonly version?: number | undefined },
): SurveyedProjection {
  const found = all.findLast(({ id }) => id.name === name && (version ?? id.version) === id.version);
  if (found !== undefined) return found;
  const known = all.map(({ id }) => describeProjection(id));
  throw new UnknownProjectionError({ projection: name, version, known });
}

interface Known {
  readonly id: ProjectionId;
  readonly control: Control;
  /** More than one with several databases, and while processes with different numbers of lanes run. */
  readonly works: readonly ProjectionWork[];
}

function surveyed({ id, control, works }: Known, seen: SeenLanes, now: number): SurveyedProjection {
  const all = [...seen.members.keys()]
    .filter((member) => works.some(({ work }) => hasWork(seen, member, work)))
    .map((member) => processOf(member, seen.members.get(member) as SeenMember, now));
  const processes = all.filter(isHeard);
  const silent = all.filter((each) => !isHeard(each));
  const running = new Set(processes.map(({ member }) => member));
  const lanes = works
    .filter(({ work }) => processes.some(({ member }) => hasWork(seen, member, work)))
    .flatMap((work) => lanesOf(work, seen, running));
  const status = lanes.length > 0 ? combinedStatus(id, lanes, undefined) : undefined;
  return { id, control, status, processes, silent };
}

/** Whether a process can run a work, or owns a lane of it. */
function hasWork({ members, leases }: SeenLanes, member: string, work: string): boolean {
  if (members.get(member)?.works[work] !== undefined) return true;
  return [...leases.values()].some(({ lease }) => lease?.member === member && lease.work === work);
}

function lanesOf({ work, lanes }: ProjectionWork, seen: SeenLanes, running: ReadonlySet<string>): LaneView[] {
  return Array.from({ length: lanes }, (_, lane) => {
    const member = seen.leases.get(laneKey({ work, lane }))?.lease?.member;
    const record = member !== undefined && running.has(member) ? seen.members.get(member) : undefined;
    if (member === undefined || record === undefined)
      return { owner: undefined, report: unknownLane(lane), error: undefined };
    const { host, pid } = record;
    const report = laneReportIn(record.report, work, lane) ?? unknownLane(lane);
    return { owner: { member, host, pid, isOwn: false }, report, error: undefined };
  });
}

function unknownLane(lane: number): LaneReport {
  return {
    lane,
    state: 'standby',
    position: undefined,
    reachedSequence: undefined,
    pending: undefined,
    lagSeconds: undefined,
    eventsPerSecond: 0,
    error: undefined,
    stuckSince: undefined,
  };
}

function processOf(member: string, { host, pid, storedAt }: SeenMember, now: number): SurveyedProcess {
  return { member, host, pid, heardSecondsAgo: Math.max(0, now - storedAt) / 1_000 };
}

function isHeard({ heardSecondsAgo }: SurveyedProcess): boolean {
  return heardSecondsAgo <= SILENT_SECONDS;
}

/** What members offer or own. */
function worksIn({ members, leases }: SeenLanes): ProjectionWork[] {
  const offered = [...members.values()].flatMap(({ works }) => Object.keys(works));
  const owned = [...leases.values()].flatMap(({ lease }) => lease?.work ?? []);
  return [...new Set([...offered, ...owned])].flatMap((work) => projectionOf(work) ?? []);
}

/** Undefined for a work of another kind. */
function projectionOf(work: string): ProjectionWork | undefined {
  const projection = projectionOfWork(work);
  return projection && { work, ...projection };
}

function controlsIn(
  records: readonly StoredRecord[],
): Map<string, { readonly id: ProjectionId; readonly control: Control }> {
  const controls = records.flatMap(({ key, value }) => {
    const id = parseControlKey(key);
    return id === undefined ? [] : [{ id, control: decodeControl(value) }];
  });
  return new Map(controls.map((each) => [describeProjection(each.id), each]));
}

function compare(one: string, other: string): number {
  if (one === other) return 0;
  return one < other ? -1 : 1;
}
