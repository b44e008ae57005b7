import { v4 as randomUuid } from 'uuid';
import type { CommitEvent } from '../../event/commit.js';
import type { EventRegistry } from '../../event/event-registry.js';
import { EventWithMetadata } from '../../event/event-with-metadata.js';
import { checkMetadata, type Metadata, type StoredMetadata } from '../../event/metadata.js';
import { currentMetadata } from '../../event/metadata-context.js';
import { checkStreamName, type StreamName } from '../../event/stream-name.js';
import { Deadline } from '../../kernel/deadline.js';
import { InvalidOptionError } from '../../kernel/invalid-option-error.js';
import { checkKnownOptions, integerOption } from '../../kernel/options.js';
import { commitIdOfCommand, newCommitId } from './commit-id.js';
import type { AppendOptions } from '../event-store.js';
import { type ExpectedEnd, resolveExpectation } from './expectation.js';

export const DEFAULT_DEADLINE_MS = 15_000;
const MAX_COMMAND_ID = 200;
const OPTIONS = ['expect', 'commandId', 'lookedUpTo', 'lastCommitId', 'metadata', 'deadlineMs', 'signal'];

/** An append whose input has been checked: what is left can only fail on the stream's state or on the way. */
export interface AppendRequest extends ExpectedEnd {
  readonly stream: StreamName;
  readonly events: readonly CommitEvent[];
  readonly metadata: StoredMetadata;
  readonly commitId: string;
  readonly attemptId: string;
  /** Whether another call may have stored a commit with this id: then no conflict is believed before it is looked for. */
  readonly idIsShared: boolean;
  readonly lookedUpTo: number;
  readonly deadline: Deadline;
}

/** Checks what the caller gave. @throws the errors that {@link EventStore.append} names as thrown before anything is sent. */
export function toAppendRequest(
  stream: StreamName,
  events: readonly object[],
  options: AppendOptions,
  registry: EventRegistry,
): AppendRequest {
  checkStreamName(stream);
  if (!Array.isArray(events)) {
    throw new InvalidOptionError({ option: 'events', given: events, allowed: 'a list of events' });
  }
  checkKnownOptions(options, OPTIONS);
  const { commandId, metadata = {} } = options;
  if (commandId !== undefined) checkCommandId(commandId);
  checkMetadata(metadata);
  return {
    stream,
    events: events.map((event: object) => toCommitEvent(event, registry)),
    metadata: toStoredMetadata(metadata, commandId),
    expect: resolveExpectation(options.expect),
    lastCommitId: options.lastCommitId,
    commitId: commandId === undefined ? newCommitId() : commitIdOfCommand(stream, commandId),
    attemptId: randomUuid(),
    idIsShared: commandId !== undefined,
    lookedUpTo: integerOption('lookedUpTo', options.lookedUpTo, { fallback: 0, min: 0 }),
    deadline: new Deadline(
      integerOption('deadlineMs', options.deadlineMs, { fallback: DEFAULT_DEADLINE_MS }),
      options.signal,
    ),
  };
}

function toStoredMetadata(own: Metadata, commandId: string | undefined): StoredMetadata {
  // an explicit undefined is the same as none, which is what the context stands in for
  const given = Object.entries(own).filter(([, value]) => value !== undefined);
  const metadata: Metadata = { ...currentMetadata(), ...Object.fromEntries(given) };
  return {
    ...metadata,
    occurredAt: metadata.occurredAt ?? new Date().toISOString(),
    ...(commandId !== undefined && { commandId }),
  };
}

function toCommitEvent(event: object, registry: EventRegistry): CommitEvent {
  if (!(event instanceof EventWithMetadata)) return registry.encode(event);
  return { ...registry.encode(event.event), metadata: event.metadata };
}

function checkCommandId(commandId: string): void {
  if (typeof commandId === 'string' && commandId.length > 0 && commandId.length <= MAX_COMMAND_ID) {
    // half a surrogate pair has no UTF-8, which the commit id is made from
    if (Buffer.from(commandId).toString() === commandId) return;
  }
  throw new InvalidOptionError({
    option: 'commandId',
    given: commandId,
    allowed: `a well-formed text of 1 to ${MAX_COMMAND_ID} characters`,
  });
}
