import { lastVersionOf, type StoredCommit } from '../../event/commit.js';
import type { EventPolicies } from '../../event/event-decoder.js';
import { EventRegistry } from '../../event/event-registry.js';
import { positionOf } from '../../event/position.js';
import { type RecordedEvent, recordedEvents } from '../../event/recorded-event.js';
import { checkStreamName, type StreamName } from '../../event/stream-name.js';
import { asVersion, type Version } from '../../event/version.js';
import { ConnectionClosedError } from '../../jetstream/connection/connection-errors.js';
import { checkKnownOptions, integerOption } from '../../kernel/options.js';
import { toAppendRequest } from '../../event-store/append/append-request.js';
import {
  type AppendOptions,
  type AppendResult,
  type CommitBatch,
  type Consistency,
  EventStore,
  type FollowOptions,
  type ReadAllOptions,
  type ReadOptions,
  type StreamStatus,
  type StreamCommits,
  type TransactionEntry,
  type TransactionResult,
  type TransactOptions,
} from '../../event-store/event-store.js';
import { InMemoryAppender } from './in-memory-appender.js';
import { InMemoryLog } from './in-memory-log.js';
import {
  type InMemoryEventStoreOptions,
  type ResolvedInMemoryOptions,
  resolveInMemoryOptions,
} from './in-memory-options.js';
import { decode, InMemoryReader } from './in-memory-reader.js';
import { type InMemoryReplayOptions, replayLive, replayStored } from './in-memory-replay.js';
import { InMemoryTransactor } from './in-memory-transactor.js';
import { subjectNames } from './in-memory-subject-names.js';
import { reaches, resolveStart } from '../../event-store/replay/read-all-start.js';
import { wantedTypes } from '../../event-store/replay/wanted-types.js';
import { checkReadOptions, rangeToRead } from '../../event-store/read/read-options.js';
import { ReadWindow } from '../../event-store/read/read-window.js';
import { StreamListing } from '../../event-store/listing/stream-listing.js';
import {
  type StreamPage,
  type StreamPageOptions,
  toStreamPageRequest,
} from '../../event-store/listing/stream-page.js';
import { toTransactRequest } from '../../event-store/append/transact-request.js';

/** Commits that a read of the whole store decodes at a time. */
const READ_ALL_BATCH = 1_000;
const DEFAULT_MAX_BATCH = 500;
const READ_ALL_OPTIONS = ['from', 'categories', 'types', 'signal'];
const FOLLOW_OPTIONS = ['from', 'categories', 'maxBatch', 'signal', 'onRecovery'];

interface StreamOptions {
  readonly consistency?: Consistency | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * An event store in the memory of this process, for tests: what a store on a server answers, this one answers as well, down to
 * the errors. Made by {@link inMemoryEventStore}.
 */
export class InMemoryEventStore extends EventStore {
  readonly name: string;
  readonly identity: string;
  readonly registry: EventRegistry;
  readonly #options: ResolvedInMemoryOptions;
  readonly #log: InMemoryLog;
  readonly #reader: InMemoryReader;
  readonly #appender: InMemoryAppender;
  readonly #transactor: InMemoryTransactor;
  readonly #listing: StreamListing;
  #closed = false;

  /** @internal use `inMemoryEventStore` */
  constructor(options: ResolvedInMemoryOptions, log: InMemoryLog) {
    super();
    const { name, maxPayload } = options;
    this.name = name;
    this.identity = log.identity;
    this.registry = new EventRegistry(options.events, options);
    this.#options = options;
    this.#log = log;
    this.#reader = new InMemoryReader(log, name);
    const parts = { store: name, log, reader: this.#reader, maxPayload };
    this.#appender = new InMemoryAppender(parts);
    this.#transactor = new InMemoryTransactor(parts);
    this.#listing = new StreamListing({
      store: name,
      names: async (filter, offset) => subjectNames(log, filter, offset),
      // what is appended here always has a stream
      positionOf: async () => positionOf(0, 0),
    });
  }

  /**
   * The same store over another handle, as another process would have one: it sees the same events, decodes them with
   * types and policies of its own, and is closed for itself.
   */
  another(
    options: Pick<InMemoryEventStoreOptions, 'events' | keyof EventPolicies> = this.#options,
  ): InMemoryEventStore {
    return new InMemoryEventStore(
      resolveInMemoryOptions({ ...options, name: this.name, maxPayload: this.#options.maxPayload }),
      this.#log,
    );
  }

  async append(
    stream: StreamName,
    events: readonly object[],
    options: AppendOptions = {},
  ): Promise<AppendResult> {
    this.#checkOpen();
    const request = toAppendRequest(stream, events, options, this.registry);
    options.signal?.throwIfAborted();
    if (request.events.length > 0) return this.#appender.append(request);
    const version = asVersion(this.#reader.tail(stream).version);
    return { stream, version, position: undefined, committed: false, events: [] };
  }

  async transact(
    entries: readonly TransactionEntry[],
    options: TransactOptions = {},
  ): Promise<TransactionResult> {
    this.#checkOpen();
    const request = toTransactRequest(entries, options, this.registry);
    options.signal?.throwIfAborted();
    return this.#transactor.transact(request);
  }

  async *read(stream: StreamName, options: ReadOptions = {}): AsyncGenerator<RecordedEvent, void, void> {
    this.#checkOpen();
    checkReadOptions(options);
    const last = await this.#last(stream, options);
    const range = last && rangeToRead(options, lastVersionOf(last));
    if (last === undefined || range === undefined) return;
    const window = new ReadWindow(range, options.direction === 'backward', last);
    while (!window.isDone) {
      options.signal?.throwIfAborted();
      this.#checkOpen();
      yield* window.eventsOf(this.#reader.range(stream, window.next(Infinity)), this.registry);
    }
  }

  async *readAll(options: ReadAllOptions = {}): AsyncGenerator<RecordedEvent, void, void> {
    this.#checkOpen();
    checkKnownOptions(options, READ_ALL_OPTIONS);
    const start = resolveStart(options.from);
    const isWanted = wantedTypes(options.types, this.registry);
    const batches = replayStored(this.#log, this.#replayOptions(options, start.replay, READ_ALL_BATCH));
    for await (const { commits } of batches) {
      for (const commit of commits) {
        options.signal?.throwIfAborted();
        yield* recordedEvents(commit, this.registry, start.firstIndexOf(commit), isWanted);
      }
    }
    options.signal?.throwIfAborted();
  }

  async *follow(options: FollowOptions): AsyncGenerator<CommitBatch, void, void> {
    this.#checkOpen();
    checkKnownOptions(options, FOLLOW_OPTIONS);
    const start = resolveStart(options.from);
    const maxBatch = integerOption('maxBatch', options.maxBatch, DEFAULT_MAX_BATCH);
    const batches = replayLive(this.#log, this.#replayOptions(options, start.replay, maxBatch));
    for await (const { commits, caughtUp } of batches) {
      yield { commits: commits.filter((commit) => reaches(commit, start.firstIndexOf(commit))), caughtUp };
    }
  }

  async status(stream: StreamName, options: StreamOptions = {}): Promise<StreamStatus> {
    this.#checkOpen();
    const last = await this.#last(stream, options);
    if (last === undefined) return { state: 'missing', version: 0 };
    const [first] = this.#reader.range(stream, { from: 1, to: 1 });
    return {
      state: 'active',
      version: asVersion(lastVersionOf(last)),
      position: positionOf(last.sequence, last.events.length - 1),
      firstAt: new Date(first?.time ?? 0),
      lastAt: new Date(last.time ?? 0),
    };
  }

  async readCommits(
    stream: StreamName,
    options: StreamOptions & { readonly after?: Version | undefined } = {},
  ): Promise<StreamCommits> {
    this.#checkOpen();
    const last = await this.#last(stream, options);
    const version = last === undefined ? 0 : lastVersionOf(last);
    const from = (options.after ?? 0) + 1;
    const commits = from > version ? [] : this.#reader.range(stream, { from, to: version });
    return { commits: commits.map(withoutTime), version: asVersion(version) };
  }

  async streamPage(options: StreamPageOptions): Promise<StreamPage> {
    this.#checkOpen();
    const place = toStreamPageRequest(options);
    options.signal?.throwIfAborted();
    return this.#listing.page(place);
  }

  async commitAt(
    sequence: number,
    options: { signal?: AbortSignal | undefined } = {},
  ): Promise<StoredCommit | undefined> {
    this.#checkOpen();
    integerOption('sequence', sequence, 1);
    options.signal?.throwIfAborted();
    const message = this.#log.at(sequence);
    return message && decode(message);
  }

  async lastSequence(options: { signal?: AbortSignal | undefined } = {}): Promise<number> {
    this.#checkOpen();
    options.signal?.throwIfAborted();
    return this.#log.lastSequence;
  }

  /** Closes this handle; the events stay for others. Safe to call twice. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#log.wake();
  }

  /** Looks the last commit up; asynchronous, so that a signal that aborts right after the call is heard as it is on a connection. */
  async #last(stream: StreamName, { signal }: StreamOptions): Promise<StoredCommit | undefined> {
    checkStreamName(stream);
    await Promise.resolve();
    signal?.throwIfAborted();
    return this.#reader.last(stream);
  }

  #replayOptions(
    { categories, signal }: ReadAllOptions,
    start: InMemoryReplayOptions['start'],
    maxBatch: number,
  ): InMemoryReplayOptions {
    return { start, categories, maxBatch, signal, checkOpen: () => this.#checkOpen() };
  }

  #checkOpen(): void {
    if (this.#closed) throw new ConnectionClosedError(`store ${this.name}`);
  }
}

/** A fold over a connection reads no header and so has no time: a fold that asks for it must find out here. */
function withoutTime(commit: StoredCommit): StoredCommit {
  return { ...commit, time: undefined };
}

/**
 * An event store in the memory of this process: for tests that need no server. Events go through the real wire format, versions, positions,
 * conflicts and command ids are those of a store on a server.
 *
 * @throws {@link InvalidOptionError} when an option cannot work.
 * @throws {@link EventRegistrationError} when two classes share an event type, or a class has none.
 * @example
 * const store = inMemoryEventStore({ events: [OrderPlaced] });
 * await store.append(streamName('order', '42'), [new OrderPlaced('ada')], { expect: 'none' });
 */
export function inMemoryEventStore(options: InMemoryEventStoreOptions): InMemoryEventStore {
  return new InMemoryEventStore(resolveInMemoryOptions(options), new InMemoryLog());
}
