import type { StoredCommit } from '../event/commit.js';
import type { EventRegistry } from '../event/event-registry.js';
import type { NewEvent } from '../event/new-event.js';
import type { Position } from '../event/position.js';
import type { RecordedEvent } from '../event/recorded-event.js';
import type { StreamLike, StreamName } from '../event/stream-name.js';
import { InvalidOptionError } from '../kernel/invalid-option-error.js';
import { NO_MIRRORS, type ReplicaSource } from '../log/replica-source.js';
import type { AppendOptions, AppendResult } from './append/append-options.js';
import type { TransactionEntry, TransactionResult, TransactOptions } from './append/transact-options.js';
import type { StreamPage, StreamPageOptions } from './listing/stream-page.js';
import type { NotifyOptions, NotifyResult } from './notify/notify-options.js';
import type { ReadCommitsOptions, ReadOptions, StatusOptions } from './read/read-options.js';
import { NO_PEERS, type LogPeers } from '../log/log-peers.js';
import { LocalRecordTable } from '../log/local-record-table.js';
import type { MessageLog } from '../log/message-log.js';
import type { RecordTable } from '../log/record-table.js';
import type { StreamCommits, StreamStatus } from './read/stream-status.js';
import type { CommitBatch, FollowOptions } from './replay/follow-options.js';
import type { ReadAllOptions } from './replay/read-all-options.js';
import type { SubscribeOptions } from './replay/subscribe-options.js';
import type { Subscription } from './replay/subscription.js';
import { StreamTurns } from './turns/stream-turns.js';

const NO_TURNS = new StreamTurns();

/** How a store is closed. */
export interface CloseOptions {
  /** How long to wait for appends in flight, in milliseconds. @default 5000 */
  readonly deadlineMs?: number | undefined;
}

/**
 * The event log of a bounded context. An abstract class, so that dependency injection can use it as a token.
 *
 * `EventStore<OrderPlaced | OrderShipped>` takes those events only; without a type it takes any.
 *
 * A stream is given as a name, `streamName('order', id)`, or as a text, `'order/42'`.
 */
export abstract class EventStore<Events extends object = object> {
  /** The store's name: the first token of its subjects. */
  abstract readonly name: string;
  /** UUID of the store, written when it was created. */
  abstract readonly identity: string;
  /**
   * The event types of the store.
   *
   * @internal
   */
  abstract readonly registry: EventRegistry;
  /**
   * The turns on streams that several processes write. None, unless the store says otherwise.
   *
   * @internal
   */
  readonly turns: StreamTurns = NO_TURNS;
  /**
   * Records beside the log, by which the processes that use the store share work among them. A table of this
   * handle alone, unless the store says otherwise.
   *
   * @internal
   */
  readonly records: RecordTable;
  /**
   * Word among the processes that use the store. None, unless the store says otherwise.
   *
   * @internal
   */
  readonly peers: LogPeers;

  /** @param log What the processes that use the store have in common. @default nothing: this one is alone */
  constructor({ records, peers }: Pick<MessageLog, 'records' | 'peers'> = {}) {
    this.records = records ?? new LocalRecordTable();
    this.peers = peers ?? NO_PEERS;
  }

  /** How many events could not be read and were handled by policy, by their stored type. */
  get unreadable(): ReadonlyMap<string, number> {
    return this.registry.unreadable;
  }

  /**
   * Stores events at the end of one stream, all or none, in one commit.
   *
   * The append is retried until its outcome is known. A conflict means that nothing was stored. An empty list
   * stores nothing and reports the version.
   *
   * @throws {@link WrongExpectedVersionError} when the stream is not as expected.
   * @throws {@link AppendOutcomeUnknownError} when no answer came until the deadline or the abort.
   * @throws {@link CommitRemovedError} when the command was handled before, and its commit was removed since.
   * @throws {@link CommandIdReusedError} when a transaction over several streams has the command id.
   * @throws {@link PayloadTooLargeError}, {@link InvalidEventError}, {@link EventRegistrationError},
   * {@link InvalidOptionError} before anything is sent.
   * @throws {@link NatsError} when no server took it; then nothing was stored.
   * @example
   * await store.append('order/42', [new OrderPlaced('ada')], { expect: 'none' });
   */
  abstract append(
    stream: StreamLike,
    events: readonly NewEvent<Events>[],
    options?: AppendOptions,
  ): Promise<AppendResult>;

  /**
   * Stores events in several streams, all or none, in one atomic batch, if every stream is as expected. An
   * entry without events only checks: it costs a message that is removed afterwards.
   *
   * @throws {@link TransactionConflictError} listing every entry whose stream is not as expected.
   * @throws {@link CommandIdReusedError} when the command id was used before over other streams.
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
    entries: readonly TransactionEntry<Events>[],
    options?: TransactOptions,
  ): Promise<TransactionResult>;

  /**
   * Stores events that belong to no stream, each by itself: notifications. They have a position, and no version.
   * Reads, subscriptions and projections that name the category `$bus` get them, in one order with the events
   * of the streams that they name beside it; {@link eventAt} reads one.
   *
   * All are sent at once. They are stored in the order of the list unless one had to be sent again. It is not
   * all or none: when the call fails, the error says which were stored.
   *
   * @throws {@link NotifyIncompleteError} when some were stored, or may have been.
   * @throws {@link PayloadTooLargeError}, {@link InvalidEventError}, {@link EventRegistrationError},
   * {@link InvalidOptionError} before anything is sent.
   * @throws {@link NatsError} when no server took any; then nothing was stored.
   * @example
   * await store.notify([new PricesImported('2026-01')], { commandId: 'import-2026-01' });
   */
  abstract notify(events: readonly NewEvent<Events>[], options?: NotifyOptions): Promise<NotifyResult>;

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
   * @throws {@link StartNotInLogError} when it cannot begin there.
   * @throws {@link CorruptStreamError} at a message that is no commit.
   * @throws {@link UnreadableEventError} at an event whose type is not known, unless the store's policy says
   * otherwise.
   * @example
   * for await (const event of store.readAll({ direction: 'backward', limit: 50 })) console.log(event.type);
   */
  abstract readAll(options?: ReadAllOptions): AsyncIterable<RecordedEvent>;

  /**
   * See {@link EventLog.follow}.
   *
   * @internal
   */
  abstract follow(options: FollowOptions): AsyncIterable<CommitBatch>;

  /**
   * Hands over the events of the whole store one by one in the order of their positions: those that are
   * stored, then those that will be, until it is stopped or its signal aborts. Through lost connections,
   * servers and replicas each event comes once. The next one comes when the handler has finished, and what is
   * held in memory meanwhile is bounded. A subscription remembers nothing: keep `position` and `eventId`, and
   * begin `after` them.
   *
   * What ends it otherwise rejects `closed`: what the handler threw, {@link CorruptStreamError} at a message
   * that is no commit, {@link StoreNotFoundError} within seconds when the store is deleted or does not hold
   * what was handled, {@link StartNotInLogError} when it cannot begin there, {@link ConnectionClosedError}
   * when it is closed.
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

  /**
   * See {@link EventLog.readCommits}.
   *
   * @internal
   */
  abstract readCommits(stream: StreamLike, options?: ReadCommitsOptions): Promise<StreamCommits>;

  /**
   * The event at a position, with its time, read from the leader: of a stream, or a notification. Undefined
   * when there is none, and for other events of jetsource's own categories.
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
   * See {@link EventLog.commitAt}.
   *
   * @internal
   */
  abstract commitAt(
    sequence: number,
    options?: { readonly signal?: AbortSignal | undefined },
  ): Promise<StoredCommit | undefined>;

  /**
   * The commit that a command has stored in a stream, read from the leader; undefined when there is none.
   * Reads the stream, newest first: for commands that a fold does not remember.
   *
   * @param options `upTo`: version up to which to look. @default all
   * @internal
   */
  abstract commitOfCommand(
    stream: StreamLike,
    commandId: string,
    options?: { readonly upTo?: number | undefined; readonly signal?: AbortSignal | undefined },
  ): Promise<StoredCommit | undefined>;

  /**
   * See {@link EventLog.lastSequence}.
   *
   * @internal
   */
  abstract lastSequence(options?: { readonly signal?: AbortSignal | undefined }): Promise<number>;

  /**
   * How many sequences a mirror is after the store, as the leaders of both know it; 0 when it has all that it
   * copies.
   *
   * @throws {@link UnusableReplicaError} when it is no mirror of the store; {@link InvalidOptionError} when
   * the store has no mirrors, since it is in memory.
   * @internal
   */
  async replicaLag(
    source: ReplicaSource,
    _options?: { readonly signal?: AbortSignal | undefined },
  ): Promise<number> {
    throw new InvalidOptionError({ option: 'readFrom', given: source, allowed: NO_MIRRORS });
  }

  /**
   * Calls back at each sign that the log may have lost its end, such as a reconnect: for what is cached of
   * it. Never, unless the store says otherwise.
   *
   * @returns what stops that.
   * @internal
   */
  onPossibleLoss(_listener: () => void): () => void {
    return () => undefined;
  }

  /**
   * Ends what stands on the store, and closes its connection. Nothing more is taken, reads and subscriptions
   * end with {@link ConnectionClosedError}, and appends in flight are waited for until the deadline: what has
   * no answer by then ends with {@link AppendOutcomeUnknownError}. Never rejects for what is in flight. Safe
   * to call twice.
   */
  abstract close(options?: CloseOptions): Promise<void>;

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
