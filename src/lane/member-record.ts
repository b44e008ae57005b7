import type { JsonValue } from '../event/json-value.js';

/** What a member says of itself. */
export interface MemberRecord {
  readonly host: string;
  readonly pid: number;
  /** Name of the service; undefined where none was given. */
  readonly service: string | undefined;
  /** ISO 8601. */
  readonly startedAt: string;
  /** The works that it runs, with the number of their lanes. */
  readonly works: Readonly<Record<string, number>>;
  /** Lanes that it neither hands over nor takes at the moment, by their keys: failed ones, for instance. */
  readonly stuck: readonly string[];
  /** What its report said. */
  readonly report: JsonValue;
}

export function encodeMember({ service, ...record }: MemberRecord): JsonValue {
  return { ...record, service: service ?? null };
}

/** Undefined for what is none. */
export function decodeMember(value: JsonValue): MemberRecord | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { host, pid, service, startedAt, works, stuck, report } = value as Record<string, unknown>;
  if (typeof host !== 'string' || typeof pid !== 'number' || typeof startedAt !== 'string') return undefined;
  if (!isRecordOfNumbers(works) || !isListOfTexts(stuck)) return undefined;
  return {
    host,
    pid,
    service: typeof service === 'string' ? service : undefined,
    startedAt,
    works,
    stuck,
    report: (report ?? null) as JsonValue,
  };
}

function isRecordOfNumbers(value: unknown): value is Record<string, number> {
  if (typeof value !== 'object' || value === null) return false;
  return Object.values(value).every((member) => typeof member === 'number');
}

function isListOfTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}
