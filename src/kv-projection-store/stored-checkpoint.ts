import { v4 as randomUuid } from 'uuid';
import { asPosition, type Position } from '../event/position.js';
import type { CommitMark } from '../event-store/replay/log-trail.js';
import type { Checkpoint, CheckpointKey } from '../projection/store/checkpoint.js';
import { CorruptCheckpointError } from '../projection/projection-errors.js';

/** What a bucket holds under the key of a checkpoint. */
export interface StoredCheckpoint {
  readonly checkpoint: Checkpoint;
  /**
   * Filters of the keys that are still to be removed, since the model is built again: a transaction that was
   * cut off had begun that. None where nothing is left.
   */
  readonly clearing: readonly string[];
}

const utf8 = new TextEncoder();

/** Each has an id of its own, so that nobody takes another writer's checkpoint for the one that it wrote. */
export function encodeCheckpoint({ checkpoint, clearing }: StoredCheckpoint): Uint8Array {
  const { projection: _projection, version: _version, build: _build, lane: _lane, ...rest } = checkpoint;
  const unfinished = clearing.length === 0 ? {} : { clearing };
  return utf8.encode(JSON.stringify({ ...rest, ...unfinished, write: randomUuid() }));
}

/**
 * Reads what {@link encodeCheckpoint} wrote.
 *
 * @throws {@link CorruptCheckpointError} when it is anything else.
 */
export function decodeCheckpoint(key: CheckpointKey, value: Uint8Array): StoredCheckpoint {
  const given = parse(key, value);
  const read = <T>(column: string, decode: (field: unknown) => T | undefined): T => {
    const decoded = attempt(() => decode(given[column]));
    if (decoded !== undefined) return decoded;
    throw new CorruptCheckpointError({ ...key, column, given: given[column] });
  };
  const optional = <T>(column: string, decode: (field: unknown) => T | undefined): T | undefined =>
    given[column] === undefined ? undefined : read(column, decode);
  const { projection, version, build, lane } = key;
  return {
    checkpoint: {
      projection,
      version,
      build,
      lane,
      lanes: read('lanes', toCount),
      epoch: read('epoch', toCount),
      storeIdentity: read('storeIdentity', toText),
      position: optional('position', toPosition),
      commitId: optional('commitId', toText),
      earlier: optional('earlier', toMark),
      start: optional('start', toStart),
      caughtUp: read('caughtUp', (field) => (typeof field === 'boolean' ? field : undefined)),
      ahead: optional('ahead', toAhead),
    },
    clearing: optional('clearing', toTexts) ?? [],
  };
}

function parse(key: CheckpointKey, value: Uint8Array): Readonly<Record<string, unknown>> {
  const text = Buffer.from(value).toString();
  const parsed = attempt(() => JSON.parse(text) as unknown);
  if (typeof parsed === 'object' && parsed !== null) return parsed as Record<string, unknown>;
  throw new CorruptCheckpointError({ ...key, column: 'the value', given: text });
}

/** What throws holds nothing that could be read. */
function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

function toCount(field: unknown): number | undefined {
  return Number.isSafeInteger(field) && (field as number) >= 1 ? (field as number) : undefined;
}

function toText(field: unknown): string | undefined {
  return typeof field === 'string' ? field : undefined;
}

function toTexts(field: unknown): string[] | undefined {
  return Array.isArray(field) && field.every((each) => typeof each === 'string') ? field : undefined;
}

function toPosition(field: unknown): Position | undefined {
  return typeof field === 'string' ? asPosition(field) : undefined;
}

function toMark(field: unknown): CommitMark | undefined {
  const { position, commitId } = field as Partial<Record<'position' | 'commitId', unknown>>;
  const at = toPosition(position);
  return at !== undefined && typeof commitId === 'string' ? { position: at, commitId } : undefined;
}

function toStart(field: unknown): Checkpoint['start'] {
  const { position, sequence, time } = field as Partial<Record<'position' | 'sequence' | 'time', unknown>>;
  if (time !== undefined) return toTime(time);
  const count = toCount(sequence);
  if (count !== undefined) return { sequence: count };
  const at = toPosition(position);
  return at && { position: at };
}

function toTime(field: unknown): Checkpoint['start'] {
  const time = new Date(String(field));
  return Number.isNaN(time.getTime()) ? undefined : { time };
}

function toAhead(field: unknown): Checkpoint['ahead'] {
  const slots = Object.entries(field as object).map(
    ([slot, position]) => [Number(slot), asPosition(String(position))] as const,
  );
  return Object.fromEntries(slots);
}
