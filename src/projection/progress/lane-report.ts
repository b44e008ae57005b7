import type { Position } from '../../event/position.js';
import type { ProjectionId } from '../definition/projection-id.js';
import type { ProjectionState } from '../projection-status.js';

/** How a rebuild is doing, beside the model that readers see or in place of it. */
export interface RebuildReport {
  /** The build that is made. */
  readonly build: number;
  readonly state: ProjectionState;
  /** Events and commits replayed by this process. */
  readonly events: number;
  readonly commits: number;
  readonly position: Position | undefined;
  /** Commits that are left; undefined while it is not known. */
  readonly pending: number | undefined;
  readonly eventsPerSecond: number;
  readonly error: ReportedError | undefined;
}

export interface ReportedError {
  readonly name: string;
  readonly message: string;
}

/**
 * How one lane of a projection is doing, as its owner tells the other processes. It is JSON: what is undefined
 * is left out.
 */
export interface LaneReport {
  readonly lane: number;
  readonly state: ProjectionState;
  /** The last event in the model. */
  readonly position: Position | undefined;
  /** The model holds all that the log held up to this sequence. */
  readonly reachedSequence: number | undefined;
  /** Commits that the log holds and the model does not; undefined while it is not known. */
  readonly pending: number | undefined;
  readonly lagSeconds: number | undefined;
  readonly eventsPerSecond: number;
  readonly error: ReportedError | undefined;
  /** ISO 8601. */
  readonly stuckSince: string | undefined;
  readonly rebuild?: RebuildReport | undefined;
}

/**
 * The name under which processes share the lanes of a projection. Those that have another number of lanes do not
 * share them: the checkpoints in the database tell which number counts.
 */
export function workName(
  { name, version, lanes }: ProjectionId & { readonly lanes: number },
  database: string,
): string {
  return `projection.${name}.${version}.${lanes}.${database}`;
}

/** The projection of a work; undefined for a work of another kind. */
export function projectionOfWork(work: string): (ProjectionId & { readonly lanes: number }) | undefined {
  const [, name, version, lanes] = /^projection\.([\w-]+)\.(\d+)\.(\d+)\./.exec(work) ?? [];
  return name === undefined ? undefined : { name, version: Number(version), lanes: Number(lanes) };
}
