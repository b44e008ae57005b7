import { v4 as randomUuid } from 'uuid';
import type { CommitEvent } from '../../event/commit.js';
import type { EventRegistry } from '../../event/event-registry.js';
import { isEventWithMetadata } from '../../event/event-with-metadata.js';
import { type Metadata, plainMetadata, type StoredMetadata } from '../../event/metadata.js';
import { currentMetadata } from '../../event/metadata-context.js';
import { InvalidEventError } from '../../event/event-errors.js';
import { isOwnEventName } from '../../event/own-event-name.js';
import { asStreamName, isSystemCategory, type StreamLike, type StreamName } from '../../event/stream-name.js';
import { Deadline } from '../../kernel/deadline.js';
import { InvalidOptionError } from '../../kernel/invalid-option-error.js';
import { checkKnownOptions, integerOption } from '../../kernel/options.js';
import type { AppendOptions, Expectation, FoldedTo } from './append-options.js';
import { asVersionedStream } from '../versioned-stream.js';
import { commitIdOfCommand, newCommitId } from './commit-id.js';
import { resolveExpectation } from './expectation.js';
import type { StreamWrite, WriteRequest } from './write-request.js';

export const DEFAULT_DEADLINE_MS = 15_000;
const MAX_COMMAND_ID = 200;
const OPTIONS = ['expect', 'commandId', 'metadata', 'deadlineMs', 'signal'];

/** The input that an append and an entry of a transaction have in common. */
interface Entry extends FoldedTo {
  readonly stream: StreamLike;
  readonly events: readonly object[];
  readonly expect?: Expectation | undefined;
}

/** The input that all entries of one request share. */
interface Shared {
  readonly commandId?: string | undefined;
  readonly metadata?: Metadata | undefined;
  readonly deadlineMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Checks the input of an append.
 *
 * @throws the errors that {@link EventStore.append} throws before anything is sent.
 */
export function toAppendRequest(
  { stream, events }: { readonly stream: StreamLike; readonly events: readonly object[] },
  { lookedUpTo, lastCommitId, ...options }: AppendOptions,
  registry: EventRegistry,
): WriteRequest {
  const name = asStreamName(stream);
  checkEvents(events);
  checkKnownOptions(options, OPTIONS);
  const entry = { stream: name, events, expect: options.expect, lookedUpTo, lastCommitId };
  return {
    id: '',
    label: `append to ${name.toString()}`,
    isTransaction: false,
    writes: [toStreamWrite(entry, 0, { options, registry })],
    checks: [],
    ...toSharedRequest(options),
  };
}

/** The part of a request that does not depend on the number of streams. */
export function toSharedRequest({
  commandId,
  deadlineMs,
  signal,
}: Shared): Pick<WriteRequest, 'attemptId' | 'idIsShared' | 'deadline'> {
  return {
    attemptId: randomUuid(),
    idIsShared: commandId !== undefined,
    deadline: new Deadline(
      integerOption('deadlineMs', deadlineMs, { fallback: DEFAULT_DEADLINE_MS }),
      signal,
    ),
  };
}

/** Checks and encodes one entry. */
export function toStreamWrite(
  entry: Entry,
  index: number,
  { options: { commandId, metadata = {} }, registry }: { options: Shared; registry: EventRegistry },
): StreamWrite {
  const stream = asVersionedStream(entry.stream);
  checkEvents(entry.events);
  if (commandId !== undefined) checkCommandId(commandId);
  return {
    index,
    stream,
    events: entry.events.map((event: object) => checkBelongs(toCommitEvent(event, registry), stream)),
    metadata: toStoredMetadata(plainMetadata(metadata), commandId),
    expect: resolveExpectation(entry.expect),
    lastCommitId: entry.lastCommitId,
    commitId: commandId === undefined ? newCommitId() : commitIdOfCommand(stream, commandId),
    lookedUpTo: integerOption('lookedUpTo', entry.lookedUpTo, { fallback: 0, min: 0 }),
  };
}

/** Checks the list of events that a caller gives. */
export function checkEvents(events: unknown): void {
  if (Array.isArray(events)) return;
  throw new InvalidOptionError({ option: 'events', given: events, allowed: 'a list of events' });
}

/** The metadata of a commit: those of the context with the call's own over them. */
export function toStoredMetadata(own: Metadata, commandId: string | undefined): StoredMetadata {
  const metadata: Metadata = { ...currentMetadata(), ...own };
  return {
    ...metadata,
    occurredAt: metadata.occurredAt ?? new Date().toISOString(),
    ...(commandId !== undefined && { commandId }),
  };
}

/** An event in its stored form, with its own metadata. */
export function toCommitEvent(event: object, registry: EventRegistry): CommitEvent {
  if (!isEventWithMetadata(event)) return registry.encode(event);
  return { ...registry.encode(event.event), metadata: event.metadata };
}

/** Jetsource's own events belong in its own streams. */
function checkBelongs(event: CommitEvent, stream: StreamName): CommitEvent {
  if (!isOwnEventName(event.type) || isSystemCategory(stream.category)) return event;
  throw new InvalidEventError(
    `events of type ${event.type} are jetsource's own: stream ${stream.toString()} cannot hold them`,
  );
}

/** Checks a command id. */
export function checkCommandId(commandId: string): void {
  if (typeof commandId === 'string' && commandId.length > 0 && commandId.length <= MAX_COMMAND_ID) {
    // a lone surrogate has no UTF-8, which the commit id is made from
    if (Buffer.from(commandId).toString() === commandId) return;
  }
  throw new InvalidOptionError({
    option: 'commandId',
    given: commandId,
    allowed: `a well-formed text of 1 to ${MAX_COMMAND_ID} characters`,
  });
}
