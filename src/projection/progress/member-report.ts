import type { JsonValue } from '../../event/json-value.js';
import type { LaneReport, RebuildReport, ReportedError } from './lane-report.js';

/** How many characters a member may tell of its lanes; its record is written again and again. */
const LONGEST = 65_536;
/** To how many characters the messages of errors are cut, the first length at which the report is short enough. */
const MESSAGE_LENGTHS = [2_000, 200, 0];

/** Values in the order of {@link LANE}, with null for what is undefined; of 64 lanes of many projections. */
type Packed = readonly (string | number | null | Packed)[];

const STATE = ['state', 'position', 'pending', 'eventsPerSecond'] as const;
const LANE = ['lane', ...STATE, 'reachedSequence', 'lagSeconds', 'stuckSince'] as const;
const REBUILD = ['build', ...STATE, 'events', 'commits'] as const;

/** What a member tells of the lanes that it owns. It is JSON. */
interface MemberReport {
  /** By the name of their work: each lane, the index of its error, its rebuild, and the index of that one's error. */
  readonly projections: Readonly<Record<string, readonly Packed[]>>;
  /** Name and message: mostly many lanes have the same one. */
  readonly errors: readonly (readonly [name: string, message: string])[];
}

/** What a member tells of the lanes that it owns, by the name of their work. */
export function encodeMemberReport(lanes: ReadonlyMap<string, readonly LaneReport[]>): JsonValue {
  let report = packedReport(lanes, 0);
  for (const length of MESSAGE_LENGTHS) {
    report = packedReport(lanes, length);
    if (JSON.stringify(report).length <= LONGEST) break;
  }
  return report as unknown as JsonValue;
}

/** The report of a lane; undefined where a member tells nothing, or something else. */
export function laneReportIn(told: unknown, work: string, lane: number): LaneReport | undefined {
  const { projections, errors } = (told ?? {}) as Partial<MemberReport>;
  const lanes = projections?.[work];
  if (!Array.isArray(lanes) || !Array.isArray(errors)) return undefined;
  const found = (lanes as unknown[]).find((each) => Array.isArray(each) && each[0] === lane);
  if (found === undefined) return undefined;
  const errorAt = (index: unknown): ReportedError | undefined => {
    const [name, message] = (errors as MemberReport['errors'])[Number(index ?? -1)] ?? [];
    return name === undefined || message === undefined ? undefined : { name, message };
  };
  const packed = found as Packed;
  const [error, rebuild, rebuildError] = packed.slice(LANE.length);
  return {
    ...(unpack(LANE, packed) as unknown as LaneReport),
    error: errorAt(error),
    rebuild: Array.isArray(rebuild)
      ? { ...(unpack(REBUILD, rebuild) as unknown as RebuildReport), error: errorAt(rebuildError) }
      : undefined,
  };
}

function packedReport(
  lanes: ReadonlyMap<string, readonly LaneReport[]>,
  messageLength: number,
): MemberReport {
  const errors = new Map<string, { readonly index: number; readonly error: readonly [string, string] }>();
  const indexOf = (error: ReportedError | undefined): number | null => {
    if (error === undefined) return null;
    const short = [error.name, cut(error.message, messageLength)] as const;
    const key = short.join('\n');
    const found = errors.get(key) ?? { index: errors.size, error: short };
    errors.set(key, found);
    return found.index;
  };
  const packedLane = (report: LaneReport): Packed => {
    const { error, rebuild } = report;
    const own = pack(LANE, report);
    if (rebuild !== undefined)
      return [...own, indexOf(error), pack(REBUILD, rebuild), indexOf(rebuild.error)];
    return error === undefined ? own : [...own, indexOf(error)];
  };
  const projections = Object.fromEntries(
    [...lanes].map(([work, reports]) => [work, reports.map(packedLane)]),
  );
  return { projections, errors: [...errors.values()].map(({ error }) => error) };
}

function cut(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length)}…`;
}

function pack<K extends string>(
  keys: readonly K[],
  from: Readonly<Record<K, string | number | undefined>>,
): Packed {
  return keys.map((key) => from[key] ?? null);
}

function unpack(keys: readonly string[], values: Packed): Record<string, unknown> {
  return Object.fromEntries(keys.map((key, index) => [key, values[index] ?? undefined]));
}
