import { InvalidEventError } from './event-errors.js';

/** A value that JSON holds as it is. */
export type JsonValue =
  string | number | boolean | null | readonly JsonValue[] | { readonly [key: string]: JsonValue };

/** What a caller may say about an append, beside the events. Keys of your own are kept as they are. */
export interface Metadata {
  /** When it happened, ISO 8601; the server's own time is `RecordedEvent.time`. Default: the time of the append. */
  readonly occurredAt?: string | undefined;
  /** Ties together all that one request caused. Default: that of {@link runWithMetadata}, else the commit's own id, which begins a chain. */
  readonly correlationId?: string | undefined;
  /** The id of what caused this. Default: that of {@link runWithMetadata}, else the command id, else the correlation id. */
  readonly causationId?: string | undefined;
  /** Who did it. */
  readonly actor?: string | undefined;
  readonly tenant?: string | undefined;
  readonly [key: string]: JsonValue | undefined;
}

/** Metadata as stored with a commit: the caller's, and what the store adds. */
export interface StoredMetadata extends Metadata {
  readonly occurredAt: string;
  /** The command id that the append was given. */
  readonly commandId?: string | undefined;
}

/** Metadata as read back with an event: ids that were not given are those that docs/wire-format.md says. */
export interface RecordedMetadata extends StoredMetadata {
  readonly correlationId: string;
  readonly causationId: string;
}

/** The metadata of a commit with the ids that it leaves to its reader. */
export function recordedMetadata(commitId: string, stored: StoredMetadata): RecordedMetadata {
  if (isComplete(stored)) return stored;
  const { correlationId = commitId, causationId = stored.commandId ?? correlationId } = stored;
  return { ...stored, correlationId, causationId };
}

/** Saves a copy for each commit of a replay. */
function isComplete(stored: StoredMetadata): stored is RecordedMetadata {
  return stored.correlationId !== undefined && stored.causationId !== undefined;
}

/** The metadata of an event that has some of its own. */
export function mergedMetadata(commit: RecordedMetadata, event: Metadata): RecordedMetadata {
  const { occurredAt, correlationId, causationId } = commit;
  return {
    ...commit,
    ...event,
    occurredAt: event.occurredAt ?? occurredAt,
    correlationId: event.correlationId ?? correlationId,
    causationId: event.causationId ?? causationId,
  };
}

/** Keys that the store writes itself. */
const RESERVED = ['commandId', 'transaction'];

/** Keys whose meaning is ours, all of them texts. */
const TEXTS = ['occurredAt', 'correlationId', 'causationId', 'actor', 'tenant'];

/** Refuses metadata that would not come back as it was given. */
export function checkMetadata(metadata: Metadata): void {
  if (!isPlainObject(metadata)) throw new InvalidEventError('metadata must be a plain object');
  for (const key of RESERVED) {
    if (key in metadata)
      throw new InvalidEventError(`metadata.${key} is written by the store and cannot be given`);
  }
  for (const key of TEXTS) {
    const value = metadata[key];
    if (value !== undefined && typeof value !== 'string')
      throw new InvalidEventError(`metadata.${key} must be a text`);
  }
  checkMembers(metadata, 'metadata', []);
}

/** @param above The objects that hold the value: one that holds itself has no JSON. */
function checkJson(value: unknown, path: string, above: readonly unknown[]): void {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return;
  if (typeof value === 'number' && Number.isFinite(value)) return;
  if (above.includes(value)) throw new InvalidEventError(`${path} holds itself, which JSON cannot`);
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) checkJson(item, `${path}[${index}]`, [...above, value]);
  } else if (isPlainObject(value)) checkMembers(value, path, above);
  else throw new InvalidEventError(`${path} must be plain JSON`);
}

/** A member that is undefined is the same as none; an item of a list would come back as null. */
function checkMembers(object: object, path: string, above: readonly unknown[]): void {
  for (const [key, value] of Object.entries(object)) {
    if (value !== undefined) checkJson(value, `${path}.${key}`, [...above, object]);
  }
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  // a plain object of another realm (a test runner's) has a prototype without a prototype, too
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}
