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
 * The log of a bounded context: what every other part of jetsource stands on. An abstract class, so that dependency injection can name it.
 *
 * A stream is given as a name, `streamName('order', id)`, or as a text, `'order/42'`.
 */
export abstract class EventStore {
  /** The store's name: the first token of its subjects. */
  abstract readonly name: string;
  /** UUID written when the store was created. */
  abstract readonly identity: string;
  /** The event types of the store. */
  abstract readonly registry: EventRegistry;

  /**
   * Stores events at the end of one stream, all or none, in one commit.
   *
   * An append that was stored is reported as success however often it is retried inside. A conflict means that nothing was stored. An empty
   * list stores nothing and reports the version.
   *
   * @throws {@link WrongExpectedVersionError} when the stream is not as expected.
   * @throws {@link AppendOutcomeUnknownError} when no answer came until the deadline or the abort.
   * @throws {@link CommitRemovedError} when the command was handled before, and its commit was removed since.
   * @throws {@link CommandIdReusedError} when a transaction over several streams has the command id.
   * @throws {@link PayloadTooLargeError}, {@link InvalidEventError}, {@link EventRegistrationError}, {@link InvalidOptionError} before
   * anything is sent.
   * @throws {@link NatsError} when no server took it; nothing was stored then.
   * @example
   * await store.append('order/42', [new OrderPlaced('ada')], { expect: 'none' });
   */
  abstract append(
    stream: StreamLike,
    events: readonly object[],
    options?: AppendOptions,
  ): Promise<AppendResult>;

  /**
   * Stores events in several streams, all or none, in one atomic batch, if every stream is as expected. An entry without events only checks:
   * it costs a message that is removed afterwards.
   *
   * @throws {@link TransactionConflictError} listing every entry whose stream is not as expected.
   * @throws {@link CommandIdReusedError} when the command id was used before over other streams.
   * @throws {@link AppendOutcomeUnknownError} when no answer came until the deadline or the abort.
   * @throws {@link InvalidOptionError} for an empty list, a stream named twice, no entry with events, or more than 1,000 messages; before
   * anything is sent, like {@link PayloadTooLargeError}, {@link InvalidEventError} and {@link EventRegistrationError}.
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
   * The events of one stream. A stream that does not exist reads as empty; ask {@link status} to tell the two apart.
   *
   * @throws {@link CorruptStreamError} at a message that is no commit of this stream.
   * @throws {@link UnreadableEventError} at an event whose type is not known, unless the store's policy says otherwise.
   * @example
   * for await (const event of store.read('order/42', { direction: 'backward', limit: 10 })) console.log(event.type);
   */
  abstract read(stream: StreamLike, options?: ReadOptions): AsyncIterable<RecordedEvent>;

  /**
   * The events of the whole store in the order of their positions, up to the end as it is when the reading begins; backward from there on
   * request.
   *
   * @throws {@link CorruptStreamError} at a message that is no commit.
   * @throws {@link UnreadableEventError} at an event whose type is not known, unless the store's policy says otherwise.
   * @example
   * for await (const event of store.readAll({ direction: 'backward', limit: 50 })) console.log(event.position, event.type);
   */
  abstract readAll(options?: ReadAllOptions): AsyncIterable<RecordedEvent>;

  /**
   * Commits of the whole store in batches, from a start on and then live, until the signal aborts: what projections run on. Whole commits: the
   * one that holds a position is delivered unless `after` names its last event.
   *
   * @throws {@link CorruptStreamError} at a message that is no commit.
   * @throws {@link StoreNotFoundError} when the log is gone.
   */
  abstract follow(options: FollowOptions): AsyncIterable<CommitBatch>;

  /**
   * Hands over the events of the whole store one by one in the order of their positions: those that are stored, then those that will be, until
   * it is stopped or its signal aborts. Through lost connections, servers and replicas each event comes once. The next one comes when the
   * handler has finished, and what is held in memory meanwhile is bounded. A subscription remembers nothing: keep `position`, and begin
   * `after` it.
   *
   * What ends it otherwise rejects `closed`: what the handler threw, {@link CorruptStreamError} at a message that is no commit,
   * {@link StoreNotFoundError} within seconds when the store is deleted, {@link ConnectionClosedError} when it is closed.
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
   * The event at a position, with its time, as the leader knows it; undefined when there is none, and for events of jetsource's own categories.
   *
   * @throws {@link CorruptStreamError} when the message there is no commit.
   * @throws {@link InvalidOptionError} when the text is no position.
   */
  abstract eventAt(
    position: Position,
    options?: { readonly signal?: AbortSignal | undefined },
  ): Promise<RecordedEvent | undefined>;

  /**
   * The event of a stream with that id, `<commit id>/<index>`; undefined when the stream holds none. Nothing leads from the id of a commit to
   * its sequence, so the stream is read from its end until the event is found. Where the position is known, {@link eventAt} is one round trip.
   *
   * @throws {@link InvalidOptionError} when the text is no event id.
   */
  abstract event(
    id: string,
    options: { readonly stream: StreamLike; readonly signal?: AbortSignal | undefined },
  ): Promise<RecordedEvent | undefined>;

  /**
   * One page of the names of a category's streams. The order is the store's own and stays: a stream that is added while pages are read may be
   * missed or met, but puts no other one on two pages or on none. Jetsource's own categories cannot be listed.
   *
   * @throws {@link InvalidOptionError} when the category, the limit or the token cannot be.
   * @example
   * const { streams, nextPageToken } = await store.streamPage({ category: 'order', limit: 100 });
   */
  abstract streamPage(options: StreamPageOptions): Promise<StreamPage>;

  /**
   * The names of all streams of a category, page after page.
   *
   * @throws {@link InvalidOptionError} when the category cannot be.
   */
  abstract streams(options: {
    readonly category: string;
    readonly signal?: AbortSignal | undefined;
  }): AsyncIterable<StreamName>;

  /** The commit at a sequence, as the leader knows it; undefined when there is none (removed, or not stored yet). */
  abstract commitAt(
    sequence: number,
    options?: { readonly signal?: AbortSignal | undefined },
  ): Promise<StoredCommit | undefined>;

  /**
   * The commit that a command has stored in a stream, as the leader knows it; undefined when there is none. Reads the stream, newest first: for
   * commands that a fold does not remember.
   *
   * @param options `upTo`: version up to which to look. @default all
   */
  abstract commitOfCommand(
    stream: StreamLike,
    commandId: string,
    options?: { readonly upTo?: number | undefined; readonly signal?: AbortSignal | undefined },
  ): Promise<StoredCommit | undefined>;

  /** Sequence of the store's last message, as the leader knows it; 0 for an empty store. */
  abstract lastSequence(options?: { readonly signal?: AbortSignal | undefined }): Promise<number>;

  /** Stops taking appends, waits for those in flight, closes the connection. Safe to call twice. */
  abstract close(): Promise<void>;

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
