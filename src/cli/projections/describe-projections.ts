import { describeProjection } from '../../projection/definition/projection-id.js';
import type { LaneStatus, ProjectionStatus, RebuildStatus } from '../../projection/projection-status.js';
import type { SurveyedProcess, SurveyedProjection } from './projection-survey.js';
import { spanText, tableLines } from './texts.js';

const HEADER = ['NAME', 'VERSION', 'STATE', 'OWNERS', 'LANES', 'POSITION', 'LAG', 'RATE', 'ETA', 'HEARD'];
const UNKNOWN = '-';
export const NOBODY = 'nobody runs it';

/** A table of projections, with what their owners said last. */
export function listLines(projections: readonly SurveyedProjection[]): string[] {
  if (projections.length === 0) return ['no projection is known: none has been run on this store'];
  return tableLines([HEADER, ...projections.map(rowOf)]);
}

/** One projection with each of its lanes. */
export function statusLines(projection: SurveyedProjection): string[] {
  const { id, status, control } = projection;
  const { request } = control;
  return [
    describeProjection(id),
    `state: ${stateOf(projection)}${control.isPaused ? ' (to stand still until it is resumed)' : ''}`,
    ...(status === undefined ? [NOBODY] : statusFacts(status)),
    ...(request === undefined ? [] : [`last request: ${request.kind}, ${requestText(request)}`]),
    ...(status?.lanes.map(laneLine) ?? []),
    ...processLines(projection),
  ];
}

/** What `--json` prints of a projection. */
export function factsOf({ id, control, status, processes, silent }: SurveyedProjection): object {
  const { isPaused, request } = control;
  const { isServing: _isServing, name: _name, version: _version, ...told } = status ?? {};
  const state = status?.state ?? 'not-running';
  return { ...id, isRun: status !== undefined, isPaused, request, ...plain(told), state, processes, silent };
}

export function processText({ host, pid }: { readonly host: string; readonly pid: number }): string {
  return `${host}:${pid}`;
}

/** Errors become their names and messages. */
function plain(told: object): object {
  const asText = (_: string, value: unknown): unknown =>
    value instanceof Error ? { name: value.name, message: value.message } : value;
  return JSON.parse(JSON.stringify(told, asText)) as object;
}

function rowOf(projection: SurveyedProjection): string[] {
  const { id, status, silent, processes } = projection;
  const name = [id.name, String(id.version), stateOf(projection)];
  if (status === undefined) {
    const owners = silent.map((each) => `${processText(each)} (${silence(each)})`).join(', ') || UNKNOWN;
    return [...name, owners, UNKNOWN, UNKNOWN, NOBODY, UNKNOWN, UNKNOWN, UNKNOWN];
  }
  const { lanes, position, eventsPerSecond, caughtUpInSeconds } = status;
  return [
    ...name,
    ownersOf(status).join(', ') || UNKNOWN,
    String(lanes.length),
    position ?? UNKNOWN,
    lagText(status),
    `${eventsPerSecond}/s`,
    caughtUpInSeconds === undefined ? UNKNOWN : spanText(caughtUpInSeconds),
    `${spanText(Math.max(...processes.map(({ heardSecondsAgo }) => heardSecondsAgo)))} ago`,
  ];
}

function stateOf({ status, control }: SurveyedProjection): string {
  if (status === undefined) return control.isPaused ? 'paused' : 'not running';
  return status.rebuild === undefined ? status.state : `${status.state}, rebuild`;
}

function ownersOf({ lanes }: ProjectionStatus): string[] {
  return [...new Set(lanes.flatMap(({ owner }) => (owner === undefined ? [] : processText(owner))))];
}

function lagText({
  pending,
  lagSeconds,
}: Pick<ProjectionStatus, 'pending'> & { readonly lagSeconds?: number | undefined }): string {
  if (pending === undefined) return 'not known';
  const commits = `${pending} commits`;
  return lagSeconds === undefined ? commits : `${commits}, ${spanText(lagSeconds)}`;
}

function statusFacts(status: ProjectionStatus): string[] {
  const { position, eventsPerSecond, caughtUpInSeconds, error, rebuild } = status;
  const eta = caughtUpInSeconds === undefined ? '' : `, caught up in ${spanText(caughtUpInSeconds)}`;
  return [
    `position: ${position ?? 'none'}, lag: ${lagText(status)}, ${eventsPerSecond} events/s${eta}`,
    ...(error === undefined ? [] : [`error: ${error.name}: ${error.message}`]),
    ...(rebuild === undefined ? [] : [rebuildLine(rebuild)]),
  ];
}

function rebuildLine({ build, state, eventsPerSecond, error, ...lag }: RebuildStatus): string {
  const why = error === undefined ? '' : `: ${error.name}: ${error.message}`;
  return `rebuild (build ${build}): ${state}, ${lagText(lag)} left, ${eventsPerSecond} events/s${why}`;
}

function requestText({
  state,
  error,
}: {
  readonly state: string;
  readonly error?: string | undefined;
}): string {
  return error === undefined ? state : `${state}: ${error}`;
}

function laneLine({ lane, state, owner, position, error, ...lag }: LaneStatus): string {
  const who = owner === undefined ? 'nobody' : processText(owner);
  const why = error === undefined ? '' : `: ${error.name}: ${error.message}`;
  return `lane ${lane}: ${state}, ${who}, position: ${position ?? 'none'}, lag: ${lagText(lag)}, ${lag.eventsPerSecond} events/s${why}`;
}

function processLines({ processes, silent }: SurveyedProjection): string[] {
  return [
    ...processes.map((each) => `process ${processText(each)}: heard ${spanText(each.heardSecondsAgo)} ago`),
    ...silent.map((each) => `process ${processText(each)}: ${silence(each)}`),
  ];
}

function silence({ heardSecondsAgo }: SurveyedProcess): string {
  return `silent for ${spanText(heardSecondsAgo)}`;
}
