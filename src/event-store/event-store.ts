import type { StoredCommit } from '../event/commit.js';
import type { EventRegistry } from '../event/event-registry.js';
import type { Position } from '../event/position.js';
import type { RecordedEvent } from '../event/recorded-event.js';
import type { StreamLike, StreamName } from '../event/stream-name.js';
import type { AppendOptions, AppendResult } from './append/append-options.js';
import type { TransactionEntry, TransactionResult, TransactOptions } from './append/transact-options.js';
import type { StreamPage, StreamPageOptions } from './listing/stream-page.js';
import type { ReadCommitsOptions, ReadOptions, StatusOptions } from './read/read-options.js';
import type { StreamCommits, StreamStatus } from './read/stream-status.js';
import type { CommitBatch, FollowOptions } from './replay/follow-options.js';
import type { ReadAllOptions } from './replay/read-all-options.js';
import type { SubscribeOptions } from './replay/subscribe-options.js';
import type { Subscription } from './replay/subscription.js';

/**
 * The event log of a bounded context. An abstract class, so that dependency injection can use it as a token.
 *
 * A stream is given as a name, `streamName('order', id)`, or as a text, `'order/42'`.
 */
export abstract class EventStore {
  /** The store's name: the first token of its subjects. */
  abstract readonly name: string;
  /** UUID of the store, written when it was created. */
  abstract readonly identity: string;
  /** The event types of the store. */
  abstract readonly registry: EventRegistry;

  /**
   * Stores events at the end of one stream, all or none, in one commit.
   *
   * The append is retried until its outcome is known. A conflict means that nothing was stored. An empty list
   * stores nothing and reports the version.
   *
   * @throws {@link WrongExpectedVersionError} when the stream is not as expected.
   * @throws {@link AppendOutcomeUnknownError} when no answer came until the deadline or the abort.
   * @throws {@link CommitRemovedError} when the command was handled before, and its commit was removed since.
   * @throws {@link PayloadTooLargeError}, {@link InvalidEventError}, {@link EventRegistrationError},
   * {@link InvalidOptionError} before anything is sent.
   * @throws {@link NatsError} when no server took it; then nothing was stored.
   * @example
   * await store.append('order/42', [new OrderPlaced('ada')], { expect: 'none' });
   */
  abstract append(
    stream: StreamLike,
    events: readonly object[],
    options?: AppendOptions,
  ): Promise<AppendResult>;

  /**
   * Stores events in several streams, all or none, in one atomic batch, if every stream is as expected. An
   * entry without events only checks: it costs a message that is removed afterwards.
   *
   * @throws {@link TransactionConflictError} listing every entry whose stream is not as expected.
   * @throws {@link AppendOutcomeUnknownError} when no answer came until the deadline or the abort.
   * @throws {@link InvalidOptionError} for an empty list, a stream named twice, no entry with events, or more
   * than 1,000 messages; before anything is sent, like {@link PayloadTooLargeError},
   * {@link InvalidEventError} and {@link EventRegistrationError}.
   * @example
   * await store.transact([
   *   { stream: 'order/42', expect: 3, events: [new OrderShipped()] },
   *   { stream: 'stock/pen', expect: 'exists', events: [new StockTaken(1)] },
   *   { stream: 'customer/7', expect: 5 },
   * ]);
   */
  abstract transact(
    entries: readonly TransactionEntry[],
    options?: TransactOptions,
  ): Promise<TransactionResult>;

  /**
   * The events of one stream. A stream that does not exist reads as empty;
   * {@link status} distinguishes the two.
   *
   * @throws {@link CorruptStreamError} at a message that is no commit of this stream.
   * @throws {@link UnreadableEventError} at an event whose type is not known, unless the store's policy says
   * otherwise.
   * @example
   * const newest = store.read('order/42', { direction: 'backward', limit: 10 });
   * for await (const event of newest) console.log(event.type);
   */
  abstract read(stream: StreamLike, options?: ReadOptions): AsyncIterable<RecordedEvent>;

  /**
   * The events of the whole store in the order of their positions. Forward, the read ends at the end that the
   * log had when the read began; backward, it begins there.
   *
   * @throws {@link CorruptStreamError} at a message that is no commit.
   * @throws {@link UnreadableEventError} at an event whose type is not known, unless the store's policy says
   * otherwise.
   * @example
   * for await (const event of store.readAll({ direction: 'backward', limit: 50 })) console.log(event.type);
   */
  abstract readAll(options?: ReadAllOptions): AsyncIterable<RecordedEvent>;

  /**
   * Commits of the whole store in batches: those stored after the start, then new ones, until the signal
   * aborts. Projections use it. The commit that holds the start position is delivered whole, unless `after`
   * names its last event.
   *
   * @throws {@link CorruptStreamError} at a message that is no commit.
   * @throws {@link StoreNotFoundError} when the log is gone.
   */
  abstract follow(options: FollowOptions): AsyncIterable<CommitBatch>;

  /**
   * Calls the handler with the events of the whole store one by one in the order of their positions: the
   * stored ones, then new ones, until it is stopped or its signal aborts. Each event comes once, even if
   * connections, servers or replicas are lost. The next one comes when the handler has finished; a bounded
   * number waits in memory. A subscription keeps no checkpoint: store `position`, and begin `after` it.
   *
   * `closed` rejects with the error that ended the subscription: the handler's own,
   * {@link CorruptStreamError} at a message that is no commit, {@link StoreNotFoundError} within seconds when
   * the store is deleted, {@link ConnectionClosedError} when it is closed.
   *
   * @throws {@link InvalidOptionError} when an option cannot work.
   * @example
   * await using subscription = store.subscribe({
   *   categories: ['order'],
   *   onEvent: async (event) => await mail(event),
   * });
   * await subscription.closed;
   */
  abstract subscribe(options: SubscribeOptions): Subscription;

  /** Whether a stream exists, its version, and when its first and last commits were stored. */
  abstract status(stream: StreamLike, options?: StatusOptions): Promise<StreamStatus>;

  /** The commits of a stream, or those after a version, for a fold. */
  abstract readCommits(stream: StreamLike, options?: ReadCommitsOptions): Promise<StreamCommits>;

  /**
   * The event at a position, with its time, read from the leader. Undefined when there is none, and for
   * events of jetsource's own categories.
   *
   * @throws {@link CorruptStreamError} when the message there is no commit.
   * @throws {@link InvalidOptionError} when the text is no position.
   */
  abstract eventAt(
    position: Position,
    options?: { readonly signal?: AbortSignal | undefined },
  ): Promise<RecordedEvent | undefined>;

  /**
   * The event of a stream with that id, `<commit id>/<index>`; undefined when the stream does not contain it.
   * A commit id does not lead to a sequence, so the stream is read from its end until the event is found. If
   * the position is known, {@link eventAt} takes one round trip.
   *
   * @throws {@link InvalidOptionError} when the text is no event id.
   */
  abstract event(
    id: string,
    options: { readonly stream: StreamLike; readonly signal?: AbortSignal | undefined },
  ): Promise<RecordedEvent | undefined>;

  /**
   * One page of the names of a category's streams. The order is the store's own and does not change. A stream
   * that is added between two pages may be missed, but no other stream is missed or listed twice for it.
   * Jetsource's own categories cannot be listed.
   *
   * @throws {@link InvalidOptionError} when the category, the limit or the token is invalid.
   * @example
   * const { streams, nextPageToken } = await store.streamPage({ category: 'order', limit: 100 });
   */
  abstract streamPage(options: StreamPageOptions): Promise<StreamPage>;

  /**
   * The names of all streams of a category, page after page.
   *
   * @throws {@link InvalidOptionError} when the category is invalid.
   */
  abstract streams(options: {
    readonly category: string;
    readonly signal?: AbortSignal | undefined;
  }): AsyncIterable<StreamName>;

  /**
   * The commit at a sequence, read from the leader; undefined when there is none (removed, or not stored
   * yet).
   */
  abstract commitAt(
    sequence: number,
    options?: { readonly signal?: AbortSignal | undefined },
  ): Promise<StoredCommit | undefined>;

  /**
   * The commit that a command has stored in a stream, read from the leader; undefined when there is none.
   * Reads the stream, newest first: for commands that a fold does not remember.
   *
   * @param options `upTo`: version up to which to search.
   * @default all
   */
  abstract commitOfCommand(
    stream: StreamLike,
    commandId: string,
    options?: { readonly upTo?: number | undefined; readonly signal?: AbortSignal | undefined },
  ): Promise<StoredCommit | undefined>;

  /** Sequence of the store's last message, read from the leader; 0 for an empty store. */
  abstract lastSequence(options?: { readonly signal?: AbortSignal | undefined }): Promise<number>;

  /** Stops taking appends, waits for those in flight, closes the connection. Safe to call twice. */
  abstract close(): Promise<void>;

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
