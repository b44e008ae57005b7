import type { Metadata, StoredMetadata } from './metadata.js';
import type { StreamName } from './stream-name.js';

/** One event of a commit: event type, schema version and plain data. */
export interface CommitEvent {
  /** The event type that it was stored as. */
  readonly type: string;
  /** Schema version of the data: 1, 2, 3… */
  readonly schemaVersion: number;
  /** The data as JSON holds them: not upcast, fields not decoded. */
  readonly data: unknown;
  /** Metadata of this event only. Reads merge them over the metadata of the commit. */
  readonly metadata?: Metadata | undefined;
}

/**
 * The events of one append to one stream: one JetStream message. Or one notification: its stream is `$bus` with
 * its event type, and it has no place in it, so that its number and its version are 0.
 */
export interface Commit {
  /** The event stream that the commit belongs to. */
  readonly stream: StreamName;
  /**
   * UUID v7, or UUID v5 of command id and stream if a command id was given. It is the `Nats-Msg-Id` of the
   * message.
   */
  readonly commitId: string;
  /** Random id of the call. It shows which of two callers with the same commit id stored the commit. */
  readonly attemptId: string;
  /** Number of this commit in its stream: 1, 2, 3…; 0 for a notification. */
  readonly number: number;
  /** Version of the first event of the commit; 0 for a notification. */
  readonly firstVersion: number;
  /**
   * Sequences of earlier commits of the stream, newest first. The first is absolute, each other one is the
   * difference to the one before it.
   */
  readonly predecessors: readonly number[];
  /** Metadata that all events of the commit share. */
  readonly metadata: StoredMetadata;
  /** At least one event, in order of their versions. */
  readonly events: readonly CommitEvent[];
}

/** A commit with its sequence in the store. */
export interface StoredCommit extends Commit {
  /** Sequence of the commit's message in the JetStream stream. */
  readonly sequence: number;
  /**
   * The server's timestamp in milliseconds since 1970. Undefined when a repository loads, since it reads no
   * headers.
   */
  readonly time?: number | undefined;
}

/** Version of the last event of a commit. */
export function lastVersionOf(commit: Commit): number {
  return commit.firstVersion + commit.events.length - 1;
}
