import type { Commit, CommitEvent, StoredCommit } from './commit.js';
import { keyThatIsNoText, type Metadata, type StoredMetadata } from './metadata.js';
import { BUS_CATEGORY, isNotification } from './notification.js';
import { isPredecessorList } from './predecessors.js';
import { storedStream } from './stream-name.js';

/** Number of the body format that this release writes. docs/wire-format.md describes it. */
const FORMAT = 1;

interface EventBody {
  readonly type: string;
  readonly schema: number;
  readonly data: unknown;
  readonly meta?: Metadata | undefined;
}

interface CommitBody {
  readonly format: number;
  readonly stream: readonly [category: string, id: string];
  readonly commit: string;
  readonly attempt: string;
  /** Absent in a notification, like the version. */
  readonly number?: number | undefined;
  readonly version?: number | undefined;
  readonly previous?: readonly number[] | undefined;
  readonly meta: StoredMetadata;
  readonly events: readonly EventBody[];
}

const utf8 = new TextEncoder();
const text = new TextDecoder();

/** Encodes a commit as the body of its message. */
export function encodeCommit(commit: Commit): Uint8Array {
  const body: CommitBody = {
    format: FORMAT,
    stream: [commit.stream.category, commit.stream.id],
    commit: commit.commitId,
    attempt: commit.attemptId,
    ...(!isNotification(commit.stream) && { number: commit.number, version: commit.firstVersion }),
    ...(commit.predecessors.length > 0 && { previous: commit.predecessors }),
    meta: commit.metadata,
    events: commit.events.map(encodeEvent),
  };
  return utf8.encode(JSON.stringify(body));
}

/** A message of the store, as a reader received it. */
export interface CommitMessage {
  /** Sequence in the JetStream stream. */
  readonly sequence: number;
  /** Its body. */
  readonly data: Uint8Array;
  /** The server's timestamp in milliseconds since 1970; undefined if it was not read. */
  readonly time?: number | undefined;
}

/**
 * Decodes the commit in a message. Returns the reason as text if the message holds no commit: the caller
 * decides what to do about it.
 */
export function decodeCommit(message: CommitMessage): StoredCommit | string {
  const parsed = parse(message.data);
  if (parsed === undefined) return 'the body is not JSON';
  const format = formatOf(parsed);
  if (format === undefined) return 'the body is not a commit';
  if (format !== FORMAT) return `the commit has format ${format}, this version reads format ${FORMAT}`;
  if (!isCommitBody(parsed)) return 'the body is not a commit';
  return toCommit(parsed, message);
}

function parse(body: Uint8Array): unknown {
  try {
    return JSON.parse(text.decode(body)) as unknown;
  } catch {
    return undefined;
  }
}

/** Reads `format`, the only field that every format has. */
function formatOf(value: unknown): number | undefined {
  if (!isObject(value) || !('format' in value)) return undefined;
  return typeof value.format === 'number' ? value.format : undefined;
}

function isCommitBody(value: unknown): value is CommitBody {
  const body = value as Partial<CommitBody>;
  return (
    Array.isArray(body.stream) &&
    typeof body.commit === 'string' &&
    typeof body.attempt === 'string' &&
    hasPlace(body) &&
    (body.previous === undefined || Array.isArray(body.previous)) &&
    isObject(body.meta) &&
    Array.isArray(body.events) &&
    body.events.length > 0 &&
    body.events.every(isEventBody)
  );
}

/** A notification has no place in a stream. It holds one event, of the type that its stream name says. */
function hasPlace({ stream, number, version, previous, events }: Partial<CommitBody>): boolean {
  if (stream?.[0] !== BUS_CATEGORY) return isCount(number) && isCount(version);
  const isPlaced = number !== undefined || version !== undefined || previous !== undefined;
  return !isPlaced && events?.length === 1 && events[0]?.type === stream[1];
}

function isEventBody(value: unknown): value is EventBody {
  if (!isObject(value)) return false;
  const event = value as Partial<EventBody>;
  return (
    typeof event.type === 'string' &&
    isCount(event.schema) &&
    isObject(event.data) &&
    (event.meta === undefined || isObject(event.meta))
  );
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) > 0;
}

function toCommit(body: CommitBody, { sequence, time }: CommitMessage): StoredCommit | string {
  const { number = 0, version = 0, previous = [] } = body;
  if (!isPredecessorList(number, previous)) return 'its predecessors do not fit its number';
  const key = keyThatIsNoTextIn(body);
  if (key !== undefined) return `meta.${key} is not text`;
  try {
    return {
      stream: storedStream(body.stream[0], body.stream[1]),
      commitId: body.commit,
      attemptId: body.attempt,
      number,
      firstVersion: version,
      predecessors: previous,
      metadata: body.meta,
      events: body.events.map(decodeEvent),
      sequence,
      time,
    };
  } catch (error) {
    return (error as Error).message;
  }
}

function keyThatIsNoTextIn({ meta, events }: CommitBody): string | undefined {
  let key = keyThatIsNoText(meta);
  for (const { meta: own } of events) if (own !== undefined) key ??= keyThatIsNoText(own);
  return key;
}

function encodeEvent(event: CommitEvent): EventBody {
  return {
    type: event.type,
    schema: event.schemaVersion,
    data: event.data,
    ...(event.metadata !== undefined && { meta: event.metadata }),
  };
}

function decodeEvent({ type, schema, data, meta }: EventBody): CommitEvent {
  return { type, schemaVersion: schema, data, metadata: meta };
}
