import type { CommitEvent, StoredCommit } from './commit.js';
import type { IsWanted } from './event-decoder.js';
import type { EventRegistry } from './event-registry.js';
import { mergedMetadata, type RecordedMetadata, recordedMetadata } from './metadata.js';
import { type Position, positionOf } from './position.js';
import type { StreamName } from './stream-name.js';
import { asVersion, type Version } from './version.js';

/** An event as read from the store. */
export interface RecordedEvent<E extends object = object> {
  /**
   * Commit id and index in the commit: `<uuid>/0`. An upcast that returns several events numbers them:
   * `<uuid>/0`, `<uuid>/0.1`.
   */
  readonly id: string;
  /** The current name of the event type, whatever it was stored as. */
  readonly type: string;
  /** Schema version of `data`: the current one of the type. */
  readonly schemaVersion: number;
  /** The stream that the event belongs to; `$bus` with the stored event type for a notification. */
  readonly stream: StreamName;
  /** Version of the event in its stream: 1, 2, 3…; 0 for a notification, which belongs to no stream. */
  readonly version: Version;
  /** Position of the event in the store. */
  readonly position: Position;
  /** The server's timestamp of the commit. Undefined when a repository loads, since it reads no headers. */
  readonly time: Date | undefined;
  /** An instance of the registered class; plain data for a type without a class. */
  readonly data: E;
  /** Metadata of the commit, merged with those of the event. */
  readonly metadata: RecordedMetadata;
}

/** Which events of a commit a reader asks for. */
interface RecordedRange {
  /** Index of the first stored event. */
  readonly from: number;
  /** Index of the last stored event. */
  readonly to: number;
  /**
   * Filter by event type. An event is not decoded when no upcast can give it a wanted type. @default all
   * types
   */
  readonly isWanted?: IsWanted | undefined;
}

/**
 * The events of a stored commit, upcast to today's schema. Reads, folds, subscriptions and projections all
 * decode events here. Events that an upcast makes from one stored event share its version and position.
 *
 * @param from Index of the first stored event. @default 0
 * @param isWanted Filter by event type. @default all types
 * @throws {@link UnreadableEventError} at an event that cannot be read, unless a policy of the store skips
 *   it.
 */
export function recordedEvents(
  commit: StoredCommit,
  registry: EventRegistry,
  { from = 0, isWanted }: { readonly from?: number; readonly isWanted?: IsWanted | undefined } = {},
): RecordedEvent[] {
  return recordedRange(commit, registry, { from, to: commit.events.length - 1, isWanted });
}

/**
 * Like {@link recordedEvents}, for the stored events between two indexes, both included.
 *
 * @throws {@link UnreadableEventError} at an event that cannot be read, unless a policy of the store skips
 *   it.
 */
export function recordedRange(
  commit: StoredCommit,
  registry: EventRegistry,
  { from, to, isWanted = () => true }: RecordedRange,
): RecordedEvent[] {
  const { stream } = commit;
  const time = commit.time === undefined ? undefined : new Date(commit.time);
  const shared = recordedMetadata(commit.commitId, commit.metadata);
  const recorded: RecordedEvent[] = [];
  const last = Math.min(to, commit.events.length - 1);
  for (let index = Math.max(from, 0); index <= last; index += 1) {
    const stored = commit.events[index] as CommitEvent;
    if (!registry.mayBecome(stored, isWanted)) continue;
    const id = `${commit.commitId}/${index}`;
    const version = asVersion(commit.firstVersion + index);
    const position = positionOf(commit.sequence, index);
    const metadata = stored.metadata === undefined ? shared : mergedMetadata(shared, stored.metadata);
    for (const [part, event] of registry.decode(stored, { stream, position, metadata }, isWanted).entries()) {
      const { type, schemaVersion, data } = event;
      if (!isWanted(type)) continue;
      const partId = part === 0 ? id : `${id}.${part}`;
      recorded.push({ id: partId, type, schemaVersion, stream, version, position, time, data, metadata });
    }
  }
  return recorded;
}
