import { describeValue } from '../kernel/invalid-option-error.js';
import { InvalidEventError } from './event-errors.js';
import type { JsonValue } from './json-value.js';
import { copyPlainJson, isPlainObject, PlainJsonFault } from './plain-json.js';

/** Metadata of an append or of one event. Your own keys are stored unchanged. */
export interface Metadata {
  /**
   * When the event happened, ISO 8601. The server's timestamp is `RecordedEvent.time`. @default the time of
   * the append
   */
  readonly occurredAt?: string | undefined;
  /**
   * Id that everything caused by one request shares. @default that of {@link runWithMetadata}, else the
   * commit id
   */
  readonly correlationId?: string | undefined;
  /**
   * Id of the command or event that caused this one. @default that of {@link runWithMetadata}, else the
   * command id, else the correlation id
   */
  readonly causationId?: string | undefined;
  /** Who caused the event, such as a user id. @default that of {@link runWithMetadata} */
  readonly actor?: string | undefined;
  /** Tenant that the event belongs to. @default that of {@link runWithMetadata} */
  readonly tenant?: string | undefined;
  /**
   * The trace that the event belongs to, a `traceparent` of the W3C trace context. The message in NATS has it as a
   * header, too. @default that of {@link runWithMetadata}
   */
  readonly traceparent?: string | undefined;
  readonly [key: string]: JsonValue | undefined;
}

/** Metadata as stored with a commit: those of the caller, and those that the store adds. */
export interface StoredMetadata extends Metadata {
  /** When the commit happened, ISO 8601. */
  readonly occurredAt: string;
  /** The command id of the append, if one was given. */
  readonly commandId?: string | undefined;
}

/** Metadata of an event as read. Ids that were not stored are filled in as docs/wire-format.md describes. */
export interface RecordedMetadata extends StoredMetadata {
  /** Id that everything caused by one request shares. */
  readonly correlationId: string;
  /** Id of the command or event that caused this one. */
  readonly causationId: string;
}

/** The metadata of a commit with default ids filled in. */
export function recordedMetadata(commitId: string, stored: StoredMetadata): RecordedMetadata {
  if (isComplete(stored)) return stored;
  const { correlationId = commitId, causationId = stored.commandId ?? correlationId } = stored;
  return { ...stored, correlationId, causationId };
}

/** Avoids a copy for each commit of a replay. */
function isComplete(stored: StoredMetadata): stored is RecordedMetadata {
  return stored.correlationId !== undefined && stored.causationId !== undefined;
}

/** The metadata of an event merged over those of its commit. */
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

/** Keys with a defined meaning; their values are strings. */
const TEXTS = ['occurredAt', 'correlationId', 'causationId', 'actor', 'tenant'];

/**
 * The first key with a defined meaning whose stored value is not text, which no append of jetsource writes:
 * code that reads metadata relies on it. Undefined when there is none.
 */
export function keyThatIsNoText(stored: Metadata): string | undefined {
  // one by one: this is done for every commit of a replay
  const { occurredAt, correlationId, causationId, actor, tenant, commandId } = stored;
  if (isText(occurredAt) && isText(correlationId) && isText(causationId)) {
    if (isText(actor) && isText(tenant) && isText(commandId)) return undefined;
  }
  return [...TEXTS, 'commandId'].find((key) => !isText(stored[key]));
}

function isText(value: unknown): boolean {
  return value === undefined || typeof value === 'string';
}

/** An ISO 8601 date, with or without a time of day. */
const TIME = /^(\d{4}|[+-]\d{6})-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})?)?$/;

/**
 * A copy of the metadata that a caller gives, so that later changes of the caller's object do not reach the
 * log. Members that are undefined are left out.
 *
 * @throws {@link InvalidEventError} with the path, when JSON cannot hold the metadata, or a key is reserved.
 */
export function plainMetadata(given: Metadata): Metadata {
  if (!isPlainObject(given)) throw new InvalidEventError('metadata must be a plain object');
  for (const key of RESERVED) {
    if (key in given)
      throw new InvalidEventError(`metadata.${key} is written by the store and cannot be given`);
  }
  const metadata = copyOf(given);
  for (const key of [...TEXTS, 'traceparent']) {
    const value = metadata[key];
    if (value !== undefined && typeof value !== 'string')
      throw new InvalidEventError(`metadata.${key} must be a string`);
  }
  checkTime(metadata.occurredAt);
  return metadata;
}

function checkTime(occurredAt: string | undefined): void {
  if (occurredAt === undefined) return;
  if (TIME.test(occurredAt) && !Number.isNaN(Date.parse(occurredAt))) return;
  throw new InvalidEventError(
    `metadata.occurredAt must be a time in ISO 8601, such as ${new Date(0).toISOString()}; ` +
      `given: ${describeValue(occurredAt)}`,
  );
}

function copyOf(metadata: Metadata): Metadata {
  try {
    return copyPlainJson(metadata, { root: 'metadata' }) as Metadata;
  } catch (fault) {
    if (!(fault instanceof PlainJsonFault)) throw fault;
    throw new InvalidEventError(fault.message, { cause: fault });
  }
}
