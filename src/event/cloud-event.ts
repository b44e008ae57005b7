import type { CommitEvent, StoredCommit } from './commit.js';
import { mergedMetadata, recordedMetadata } from './metadata.js';
import { positionOf } from './position.js';

/** An event in the structured JSON form of CloudEvents 1.0; the attributes below `data` are extensions. */
export interface CloudEvent {
  readonly specversion: '1.0';
  /** The event's id: commit id and index. */
  readonly id: string;
  readonly source: string;
  /** The registered name that it was stored under. */
  readonly type: string;
  /** The stream, as `category/id`. */
  readonly subject: string;
  /** The server's time where it was read, else when it happened; ISO 8601. */
  readonly time: string;
  readonly datacontenttype: 'application/json';
  /** As stored: not upcast, dates as their text. */
  readonly data: unknown;
  readonly schemaversion: number;
  readonly streamversion: number;
  readonly position: string;
  readonly correlationid: string;
  readonly causationid: string;
  readonly actor?: string;
  readonly tenant?: string;
}

/**
 * The events of a commit as CloudEvents, for brokers and tools that speak it. What is said of the events under keys of your own is left out, since an
 * extension holds no object.
 *
 * @param source URI reference of who tells it, such as `/shop`: with it, an event's id is unique.
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
