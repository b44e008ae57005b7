import type { StoredCommit } from './commit.js';
import type { EventRegistry } from './event-registry.js';
import { type Metadata, type RecordedMetadata, recordedMetadata } from './metadata.js';
import { type Position, positionOf } from './position.js';
import type { StreamName } from './stream-name.js';
import { asVersion, type Version } from './version.js';

/** An event as the store gives it back. */
export interface RecordedEvent<E extends object = object> {
  /** Commit id and index: `<uuid>/0`. */
  readonly id: string;
  /** The registered name. */
  readonly type: string;
  readonly schemaVersion: number;
  readonly stream: StreamName;
  readonly version: Version;
  readonly position: Position;
  /** The server's timestamp of the commit. Absent in the folds of a repository, which read no header. */
  readonly time: Date | undefined;
  /** An instance of the registered class; plain data for a type that is not registered. */
  readonly data: E;
  readonly metadata: RecordedMetadata;
}

/** The events of a stored commit, from the one at index `from` on. */
export function recordedEvents(commit: StoredCommit, registry: EventRegistry, from = 0): RecordedEvent[] {
  const time = commit.time === undefined ? undefined : new Date(commit.time);
  const metadata = recordedMetadata(commit.commitId, commit.metadata);
  return commit.events.slice(from).map((event, offset) => {
    const index = from + offset;
    return {
      id: `${commit.commitId}/${index}`,
      type: event.type,
      schemaVersion: event.schemaVersion,
      stream: commit.stream,
      version: asVersion(commit.firstVersion + index),
      position: positionOf(commit.sequence, index),
      time,
      data: registry.decode(event),
      metadata: event.metadata === undefined ? metadata : merge(metadata, event.metadata),
    };
  });
}

function merge(commit: RecordedMetadata, event: Metadata): RecordedMetadata {
  const { occurredAt, correlationId, causationId } = commit;
  return {
    ...commit,
    ...event,
    occurredAt: event.occurredAt ?? occurredAt,
    correlationId: event.correlationId ?? correlationId,
    causationId: event.causationId ?? causationId,
  };
}
