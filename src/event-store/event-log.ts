import type { StoredCommit } from '../event/commit.js';
import type { EventRegistry } from '../event/event-registry.js';
import type { StreamLike } from '../event/stream-name.js';
import type { EventStore } from './event-store.js';
import type { ReadCommitsOptions } from './read/read-options.js';
import type { StreamCommits } from './read/stream-status.js';
import type { CommitBatch, FollowOptions } from './replay/follow-options.js';

/** The log of an event store: whole commits, as projections and repositories read them. */
export interface EventLog {
  /** The event types of the store: from an event to what is stored of it, and back. */
  readonly registry: EventRegistry;

  /**
   * Commits of the whole store in batches, from a start on and then live, until the signal aborts. Whole
   * commits: the one that holds a position is delivered unless `after` names its last event.
   *
   * @throws {@link CorruptStreamError} at a message that is no commit.
   * @throws {@link StoreNotFoundError} when the log is gone.
   */
  follow(options: FollowOptions): AsyncIterable<CommitBatch>;

  /** The commits of a stream, or those after a version, for a fold: in order, without time. */
  readCommits(stream: StreamLike, options?: ReadCommitsOptions): Promise<StreamCommits>;

  /**
   * The commit at a sequence, as the leader knows it; undefined when there is none: removed, or not stored
   * yet.
   */
  commitAt(
    sequence: number,
    options?: { readonly signal?: AbortSignal | undefined },
  ): Promise<StoredCommit | undefined>;

  /** Sequence of the store's last message, as the leader knows it; 0 for an empty store. */
  lastSequence(options?: { readonly signal?: AbortSignal | undefined }): Promise<number>;
}

/**
 * The log of an event store, for tools that work on commits.
 *
 * @example
 * for await (const { commits } of eventLog(store).follow({ from: { sequence: 1 }, signal })) console.log(commits.length);
 */
export function eventLog(store: EventStore): EventLog {
  return store;
}
