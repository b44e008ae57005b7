import type { Commit, CommitEvent } from './commit.js';
import type { Metadata, StoredMetadata } from './metadata.js';
import { decodePredecessors, encodePredecessors } from './predecessors.js';
import { storedStream } from './stream-name.js';

/** Number of the body format that this version writes; docs/wire-format.md describes it. */
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
  readonly number: number;
  readonly version: number;
  readonly previous?: readonly number[] | undefined;
  readonly meta: StoredMetadata;
  readonly events: readonly EventBody[];
}

const utf8 = new TextEncoder();
const text = new TextDecoder();

/** The body of the message that stores the commit. */
export function encodeCommit(commit: Commit): Uint8Array {
  const body: CommitBody = {
    format: FORMAT,
    stream: [commit.stream.category, commit.stream.id],
    commit: commit.commitId,
    attempt: commit.attemptId,
    number: commit.number,
    version: commit.firstVersion,
    ...(commit.predecessors.length > 0 && { previous: encodePredecessors(commit.predecessors) }),
    meta: commit.metadata,
    events: commit.events.map(encodeEvent),
  };
  return utf8.encode(JSON.stringify(body));
}

/**
 * The commit in a message's body, or the reason in words why it is none: what to make of a foreign message is the reader's decision.
 */
export function decodeCommit(body: Uint8Array): Commit | string {
  const parsed = parse(body);
  if (parsed === undefined) return 'the body is not JSON';
  if (!isCommitBody(parsed)) return 'the body is no commit';
  if (parsed.format !== FORMAT)
    return `the commit has format ${parsed.format}, this version reads format ${FORMAT}`;
  return toCommit(parsed);
}

function parse(body: Uint8Array): unknown {
  try {
    return JSON.parse(text.decode(body)) as unknown;
  } catch {
    return undefined;
  }
}

function isCommitBody(value: unknown): value is CommitBody {
  const body = value as Partial<CommitBody> | null;
  return (
    typeof body === 'object' &&
    body !== null &&
    typeof body.format === 'number' &&
    Array.isArray(body.stream) &&
    typeof body.commit === 'string' &&
    typeof body.attempt === 'string' &&
    isCount(body.number) &&
    isCount(body.version) &&
    (body.previous === undefined ||
      (Array.isArray(body.previous) && body.previous.every(Number.isSafeInteger))) &&
    typeof body.meta === 'object' &&
    body.meta !== null &&
    Array.isArray(body.events) &&
    body.events.length > 0 &&
    body.events.every(isEventBody)
  );
}

function isEventBody(value: unknown): value is EventBody {
  const event = value as Partial<EventBody> | null;
  return (
    typeof event === 'object' && event !== null && typeof event.type === 'string' && isCount(event.schema)
  );
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) > 0;
}

function toCommit(body: CommitBody): Commit | string {
  try {
    return {
      stream: storedStream(body.stream[0], body.stream[1]),
      commitId: body.commit,
      attemptId: body.attempt,
      number: body.number,
      firstVersion: body.version,
      predecessors: decodePredecessors(body.previous ?? []),
      metadata: body.meta,
      events: body.events.map(decodeEvent),
    };
  } catch (error) {
    return (error as Error).message;
  }
}

function encodeEvent(event: CommitEvent): EventBody {
  return {
    type: event.type,
    schema: event.schemaVersion,
    data: event.data,
    ...(event.metadata !== undefined && { meta: event.metadata }),
  };
}

function decodeEvent(body: EventBody): CommitEvent {
  return {
    type: body.type,
    schemaVersion: body.schema,
    data: body.data,
    ...(body.meta !== undefined && { metadata: body.meta }),
  };
}
