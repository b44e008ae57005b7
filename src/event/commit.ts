import type { Metadata, StoredMetadata } from './metadata.js';
import type { StreamName } from './stream-name.js';

/** One event as it stands in a commit: registered name, schema version and plain data. */
export interface CommitEvent {
  readonly type: string;
  readonly schemaVersion: number;
  readonly data: unknown;
  /** What is said of this event alone; merged over the commit's metadata when read. */
  readonly metadata?: Metadata | undefined;
}

/** The events of one append to one stream: one JetStream message. */
export interface Commit {
  readonly stream: StreamName;
  /** UUID v7, or v5 of a command id and the stream; the `Nats-Msg-Id` of the message. */
  readonly commitId: string;
  /** Random: tells which of two callers with the same commit id stored it. */
  readonly attemptId: string;
  /** Number of this commit in its stream: 1, 2, 3… */
  readonly number: number;
  /** Version of its first event. */
  readonly firstVersion: number;
  /** Sequences of earlier commits as stored: newest first, the first one as it is, then the difference to the next older one. */
  readonly predecessors: readonly number[];
  readonly metadata: StoredMetadata;
  readonly events: readonly CommitEvent[];
}

/** A commit with its place in the store. */
export interface StoredCommit extends Commit {
  readonly sequence: number;
  /** The server's time in milliseconds since 1970; absent in folds, which read no header. */
  readonly time?: number | undefined;
}

/** Version of the last event of a commit. */
export function lastVersionOf(commit: Commit): number {
  return commit.firstVersion + commit.events.length - 1;
}
