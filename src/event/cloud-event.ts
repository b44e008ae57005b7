import type { CommitEvent, StoredCommit } from './commit.js';
import { mergedMetadata, recordedMetadata } from './metadata.js';
import { positionOf } from './position.js';

/** An event in the structured JSON format of CloudEvents 1.0. The attributes below `data` are extensions. */
export interface CloudEvent {
  /** Version of the CloudEvents specification. */
  readonly specversion: '1.0';
  /** The event's id: commit id and index in the commit. */
  readonly id: string;
  /** The source that {@link toCloudEvents} was called with. */
  readonly source: string;
  /** The event type that the event was stored as. */
  readonly type: string;
  /** The stream, as `category/id`. */
  readonly subject: string;
  /** The server's timestamp of the commit, ISO 8601. It is `occurredAt` where the timestamp was not read. */
  readonly time: string;
  /** Media type of `data`. */
  readonly datacontenttype: 'application/json';
  /** The data as stored: not upcast, with dates as text. */
  readonly data: unknown;
  /** Schema version of the data. */
  readonly schemaversion: number;
  /** Version of the event in its stream: 1, 2, 3… */
  readonly streamversion: number;
  /** Position of the event in the store. */
  readonly position: string;
  /** Id of the request that the event belongs to. */
  readonly correlationid: string;
  /** Id of the command or event that caused this one. */
  readonly causationid: string;
  /** Who caused the event, if the metadata say so. */
  readonly actor?: string;
  /** Tenant that the event belongs to, if the metadata say so. */
  readonly tenant?: string;
}

/**
 * Converts the events of a commit to CloudEvents, for brokers and tools that read that format. Metadata under
 * your own keys are left out: a CloudEvents extension cannot hold an object.
 *
 * @param source URI reference of the producer, such as `/shop`. Source and id together identify an event.
 * @example
 * for await (const { commits } of store.follow({ signal })) {
 *   for (const commit of commits) await broker.send(toCloudEvents(commit, '/shop'));
 * }
 */
export function toCloudEvents(commit: StoredCommit, source: string): CloudEvent[] {
  return commit.events.map((_, index) => toCloudEvent(commit, index, source));
}

function toCloudEvent(commit: StoredCommit, index: number, source: string): CloudEvent {
  const event = commit.events[index] as CommitEvent;
  const shared = recordedMetadata(commit.commitId, commit.metadata);
  const metadata = event.metadata === undefined ? shared : mergedMetadata(shared, event.metadata);
  const { occurredAt, correlationId, causationId, actor, tenant } = metadata;
  return {
    specversion: '1.0',
    id: `${commit.commitId}/${index}`,
    source,
    type: event.type,
    subject: commit.stream.toString(),
    time: commit.time === undefined ? occurredAt : new Date(commit.time).toISOString(),
    datacontenttype: 'application/json',
    data: event.data,
    schemaversion: event.schemaVersion,
    streamversion: commit.firstVersion + index,
    position: positionOf(commit.sequence, index),
    correlationid: correlationId,
    causationid: causationId,
    ...(actor !== undefined && { actor }),
    ...(tenant !== undefined && { tenant }),
  };
}
