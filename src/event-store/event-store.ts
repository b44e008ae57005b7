import type { StoredCommit } from '../event/commit.js';
import type { EventRegistry } from '../event/event-registry.js';
import type { Metadata } from '../event/metadata.js';
import { parsePosition, type Position } from '../event/position.js';
import { type RecordedEvent, recordedRange } from '../event/recorded-event.js';
import { isSystemCategory, type StreamName } from '../event/stream-name.js';
import type { Version } from '../event/version.js';
import { checkKnownOptions } from '../kernel/options.js';
import { checkEventId } from './read/event-id.js';
import type { ReadAllStart } from './replay/read-all-start.js';
import {
  checkStreamsOptions,
  type StreamPage,
  type StreamPageOptions,
  WALK_LIMIT,
} from './listing/stream-page.js';
import type { SubscribeOptions } from './replay/subscribe-options.js';
import { Subscription } from './replay/subscription.js';

/** What the caller expects of the stream: nothing, that it is new, that it exists, or an exact version (0 is the same as `none`). */
export type Expectation = 'any' | 'none' | 'exists' | number;

export interface AppendOptions {
  /** @default 'any' */
  readonly expect?: Expectation | undefined;
  /**
   * Names one intention: appended twice, also by two processes or an hour apart, it is stored once, and the second caller gets
   * the first one's result with `committed: false`. It is looked up before the expectation is judged. 1 to 200 characters.
   */
  readonly commandId?: string | undefined;
  /**
   * The caller has read the stream up to this version and not met the command id there: the look-up begins behind it. For repositories,
   * which have just folded the stream; a version not looked through would let a command be stored twice. @default 0
   *
   * @internal
   */
  readonly lookedUpTo?: number | undefined;
  /**
   * Id of the last commit that the caller has folded: a stream that ends in another one conflicts, also when its version is the expected one. For
   * repositories, whose state may be older than a loss of the log's end. @default any commit
   *
   * @internal
   */
  readonly lastCommitId?: string | undefined;
  /** Stored with the commit and read back with each of its events. */
  readonly metadata?: Metadata | undefined;
  /** How long to go on until the outcome is known, in milliseconds. @default 15_000 */
  readonly deadlineMs?: number | undefined;
  /** Gives up waiting; what has been sent by then may be stored (`outcome: 'unknown'`). */
  readonly signal?: AbortSignal | undefined;
}

/** One event of an append, as it was stored. */
export interface AppendedEvent {
  readonly id: string;
  readonly type: string;
  readonly version: Version;
  readonly position: Position;
}

export interface AppendResult {
  readonly stream: StreamName;
  /** Version of the stream's last event of this commit. */
  readonly version: Version;
  /** Position of that event; undefined for an empty append. */
  readonly position: Position | undefined;
  /** Whether this very call stored the events: false for an empty append and for a command that was stored before. */
  readonly committed: boolean;
  readonly events: readonly AppendedEvent[];
}

/** One stream of a transaction: what it must be like, and what is stored in it. */
export interface TransactionEntry {
  readonly stream: StreamName;
  /** @default 'any' */
  readonly expect?: Expectation | undefined;
  /**
   * As for an append.
   *
   * @internal
   */
  readonly lookedUpTo?: number | undefined;
  /**
   * As for an append.
   *
   * @internal
   */
  readonly lastCommitId?: string | undefined;
  /** Without events the entry only checks its expectation. @default none */
  readonly events?: readonly object[] | undefined;
}

export interface TransactOptions {
  /**
   * As for an append. It names one transaction: used again over other streams, what it stored before is reported and nothing is stored, so an
   * entry that was not part of it reports no position.
   */
  readonly commandId?: string | undefined;
  /** Stored with each commit of the transaction. */
  readonly metadata?: Metadata | undefined;
  /** How long to go on until the outcome is known, in milliseconds. @default 15_000 */
  readonly deadlineMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface TransactionResult {
  /** Whether this very call stored the events. */
  readonly committed: boolean;
  /** In the order of the entries; one without events reports the version that was checked. */
  readonly entries: readonly AppendResult[];
}

export interface ReadOptions {
  /** First version to read. @default 1 forward, the last one backward */
  readonly from?: number | undefined;
  /** Last version to read, in the direction of reading, itself included. @default the last one forward, 1 backward */
  readonly to?: number | undefined;
  /** @default 'forward' */
  readonly direction?: 'forward' | 'backward' | undefined;
  /** Events to read at most. @default all */
  readonly limit?: number | undefined;
  /** `leader` sees every acknowledged append; `follower` may lag a few milliseconds on a cluster and is faster. @default 'follower' */
  readonly consistency?: Consistency | undefined;
  readonly signal?: AbortSignal | undefined;
}

export type Consistency = 'leader' | 'follower';

export interface ReadAllOptions {
  /** @default the beginning */
  readonly from?: ReadAllStart | undefined;
  /** Only streams of these categories. @default all but jetsource's own (`$…`) */
  readonly categories?: readonly string[] | undefined;
  /** Only events of these types. @default all */
  readonly types?: readonly string[] | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface FollowOptions {
  readonly from?: ReadAllStart | undefined;
  readonly categories?: readonly string[] | undefined;
  /** Commits in one batch at most. @default 500 */
  readonly maxBatch?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Told why the replay's consumer had to be made anew. */
  readonly onRecovery?: ((reason: string) => void) | undefined;
}

/** Commits in store order, as they came. */
export interface CommitBatch {
  readonly commits: readonly StoredCommit[];
  /** Whether nothing was stored behind these commits when they were delivered. */
  readonly caughtUp: boolean;
}

export type StreamStatus =
  | { readonly state: 'missing'; readonly version: 0 }
  | {
      readonly state: 'active';
      readonly version: Version;
      /** Position of the last event. */
      readonly position: Position;
      /** Server time of the first commit. */
      readonly firstAt: Date;
      /** Server time of the last commit. */
      readonly lastAt: Date;
    };

/** The commits of one stream behind a version, for a fold: read without time, in order. */
export interface StreamCommits {
  readonly commits: readonly StoredCommit[];
  /** Version of the stream; 0 when it does not exist. */
  readonly version: Version;
}

/**
 * The log of a bounded context: what every other part of jetsource stands on. An abstract class, so that dependency injection can
 * name it.
 */
export abstract class EventStore {
  /** The store's name: also that of its JetStream stream, and the first token of its subjects. */
  abstract readonly name: string;
  /** UUID written when the store was created. */
  abstract readonly identity: string;
  abstract readonly registry: EventRegistry;

  /**
   * Stores events at the end of one stream, all or none, in one commit.
   *
   * An append that was stored is reported as success however often it is retried inside; a conflict means that nothing was stored.
   * An empty list stores nothing and reports the version.
   *
   * @throws {@link WrongExpectedVersionError} when the stream is not as expected.
   * @throws {@link AppendOutcomeUnknownError} when no answer came until the deadline or the abort.
   * @throws {@link PayloadTooLargeError}, {@link InvalidEventError}, {@link EventRegistrationError}, {@link InvalidOptionError} before
   * anything is sent.
   * @example
   * await store.append(streamName('order', '42'), [new OrderPlaced('ada')], { expect: 'none' });
   */
  abstract append(
    stream: StreamName,
    events: readonly object[],
    options?: AppendOptions,
  ): Promise<AppendResult>;

  /**
   * Stores events in several streams, all or none, in one atomic batch, if every stream is as expected. An entry without events only checks: it
   * costs a message that is removed afterwards.
   *
   * @throws {@link TransactionConflictError} listing every entry whose stream is not as expected.
   * @throws {@link AppendOutcomeUnknownError} when no answer came until the deadline or the abort.
   * @throws {@link InvalidOptionError} for an empty list, a stream named twice, no entry with events, or more than 1,000 messages; before
   * anything is sent, like {@link PayloadTooLargeError}, {@link InvalidEventError} and {@link EventRegistrationError}.
   * @example
   * await store.transact([
   *   { stream: streamName('order', '42'), expect: 3, events: [new OrderShipped()] },
   *   { stream: streamName('stock', 'pen'), expect: 'exists', events: [new StockTaken(1)] },
   *   { stream: streamName('customer', '7'), expect: 5 },
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
   */
  abstract read(stream: StreamName, options?: ReadOptions): AsyncIterable<RecordedEvent>;

  /**
   * The events of the whole store in the order of their positions, up to the end as it is when the reading begins.
   *
   * @throws {@link CorruptStreamError} at a message that is no commit.
   */
  abstract readAll(options?: ReadAllOptions): AsyncIterable<RecordedEvent>;

  /**
   * Commits of the whole store in batches, from a start on and then live, until the signal aborts: what projections run on. Whole commits: the
   * one that holds a position is delivered unless `after` names its last event.
   *
   * @throws {@link CorruptStreamError} at a message that is no commit.
   */
  abstract follow(options: FollowOptions): AsyncIterable<CommitBatch>;

  /**
   * Hands over the events of the whole store one by one in the order of their positions: those that are stored, then those that will be, until it is
   * stopped or its signal aborts. Through lost connections, servers and replicas each event comes once; the next one comes when the handler has
   * finished, and what is held in memory meanwhile is bounded. A subscription remembers nothing: keep `position`, and begin `after` it.
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
  subscribe(options: SubscribeOptions): Subscription {
    return new Subscription(this, options);
  }

  /** Whether a stream exists, its version, and when its first and last commits were stored. */
  abstract status(
    stream: StreamName,
    options?: { consistency?: Consistency | undefined; signal?: AbortSignal | undefined },
  ): Promise<StreamStatus>;

  /** The commits of a stream behind a version, for a fold. */
  abstract readCommits(
    stream: StreamName,
    options?: {
      after?: Version | undefined;
      consistency?: Consistency | undefined;
      signal?: AbortSignal | undefined;
    },
  ): Promise<StreamCommits>;

  /**
   * The event at a position, with its time, as the leader knows it; undefined when there is none, and for events of jetsource's own categories.
   *
   * @throws {@link CorruptStreamError} when what stands there is no commit.
   * @throws {@link InvalidOptionError} when the text is no position.
   */
  async eventAt(
    position: Position,
    options: { signal?: AbortSignal | undefined } = {},
  ): Promise<RecordedEvent | undefined> {
    checkKnownOptions(options, ['signal']);
    const { sequence, index } = parsePosition(position);
    const commit = sequence === 0 ? undefined : await this.commitAt(sequence, options);
    if (commit === undefined || isSystemCategory(commit.stream.category)) return undefined;
    return recordedRange(commit, this.registry, { from: index, to: index })[0];
  }

  /**
   * The event of a stream with that id, `<commit id>/<index>`; undefined when the stream holds none. Nothing leads from the id of a commit to its
   * sequence, so the stream is read from its end until the event is found; where the position is known, {@link eventAt} is one round trip.
   *
   * @throws {@link InvalidOptionError} when the text is no event id.
   */
  async event(
    id: string,
    options: { readonly stream: StreamName; readonly signal?: AbortSignal | undefined },
  ): Promise<RecordedEvent | undefined> {
    checkKnownOptions(options, ['stream', 'signal']);
    checkEventId(id);
    const { stream, signal } = options;
    const events = this.read(stream, { direction: 'backward', consistency: 'leader', signal });
    for await (const event of events) if (event.id === id) return event;
    return undefined;
  }

  /**
   * One page of the names of a category's streams. The order is the store's own and stays: a stream that is added while pages are read may be missed or
   * met, but puts no other one on two pages or on none. Jetsource's own categories cannot be listed.
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
  async *streams(options: {
    readonly category: string;
    readonly signal?: AbortSignal | undefined;
  }): AsyncGenerator<StreamName, void, void> {
    checkStreamsOptions(options);
    let pageToken: string | undefined;
    do {
      options.signal?.throwIfAborted();
      const page = await this.streamPage({ ...options, limit: WALK_LIMIT, pageToken });
      yield* page.streams;
      pageToken = page.nextPageToken;
    } while (pageToken !== undefined);
  }

  /** The commit at a sequence, as the leader knows it; undefined when there is none (removed, or not stored yet). */
  abstract commitAt(
    sequence: number,
    options?: { signal?: AbortSignal | undefined },
  ): Promise<StoredCommit | undefined>;

  /**
   * The commit that a command has stored in a stream, as the leader knows it; undefined when there is none. Reads the stream, newest first: for
   * commands that whoever folded it does not remember.
   *
   * @param options `upTo`: version up to which to look. @internal
   */
  async commitOfCommand(
    stream: StreamName,
    commandId: string,
    { upTo = Infinity, signal }: { upTo?: number | undefined; signal?: AbortSignal | undefined } = {},
  ): Promise<StoredCommit | undefined> {
    const { commits } = await this.readCommits(stream, { consistency: 'leader', signal });
    return commits.find((commit) => commit.metadata.commandId === commandId && commit.firstVersion <= upTo);
  }

  /** Sequence of the store's last message, as the leader knows it; 0 for an empty store. */
  abstract lastSequence(options?: { signal?: AbortSignal | undefined }): Promise<number>;

  /** Stops taking appends, waits for those in flight, closes the connection. Safe to call twice. */
  abstract close(): Promise<void>;

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
