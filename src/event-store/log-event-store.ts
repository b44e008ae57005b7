import { lastVersionOf, type StoredCommit } from '../event/commit.js';
import { openCommits } from '../event/event-cipher.js';
import type { EventRegistry } from '../event/event-registry.js';
import { parsePosition, type Position, positionOf } from '../event/position.js';
import { type RecordedEvent, recordedRange } from '../event/recorded-event.js';
import { asStreamName, isSystemCategory, type StreamLike, type StreamName } from '../event/stream-name.js';
import { categoryOfSubject } from '../event/subject.js';
import { asVersion } from '../event/version.js';
import { ConnectionClosedError } from '../jetstream/connection/connection-errors.js';
import { checkKnownOptions, integerOption } from '../kernel/options.js';
import type { AppendOptions, AppendResult } from './append/append-options.js';
import { toAppendRequest } from './append/append-request.js';
import { unchanged } from './append/append-result.js';
import { CHECK_CATEGORY, CheckMessages } from './append/check-messages.js';
import { CommandLookup } from './append/command-lookup.js';
import { CheckSweeper } from './append/check-sweeper.js';
import { commitIdOfCommand } from './append/commit-id.js';
import { openResult, sealRequest } from './append/sealing.js';
import { StreamEndCache } from './append/stream-end-cache.js';
import { StreamEnds } from './append/stream-ends.js';
import { StreamPacing } from './append/stream-pacing.js';
import type { TransactionEntry, TransactionResult, TransactOptions } from './append/transact-options.js';
import { toTransactRequest } from './append/transact-request.js';
import type { WriteRequest } from './append/write-request.js';
import { Writer } from './append/writer.js';
import { EventStore } from './event-store.js';
import { StreamListing } from './listing/stream-listing.js';
import {
  checkStreamsOptions,
  type StreamPage,
  type StreamPageOptions,
  toStreamPageRequest,
  WALK_LIMIT,
} from './listing/stream-page.js';
import type { MessageLog } from '../log/message-log.js';
import { checkEventId } from './read/event-id.js';
import { deadlineOf } from '../log/read-deadline.js';
import {
  checkReadOptions,
  type ReadCommitsOptions,
  type ReadOptions,
  rangeToRead,
  type StatusOptions,
} from './read/read-options.js';
import { ReadWindow } from './read/read-window.js';
import { StreamReader } from './read/stream-reader.js';
import type { StreamCommits, StreamStatus } from './read/stream-status.js';
import { commitOnSubject, replayCommits } from './replay/commit-replay.js';
import { checkFollowOptions, type CommitBatch, type FollowOptions } from './replay/follow-options.js';
import { readLog } from './replay/log-read.js';
import type { ReadAllOptions } from './replay/read-all-options.js';
import { reaches, resolveStart } from './replay/read-all-start.js';
import type { SubscribeOptions } from './replay/subscribe-options.js';
import { Subscription } from './replay/subscription.js';

/** What a store is, beside its log. */
export interface LogEventStoreParts {
  /** The store's name. */
  readonly name: string;
  /** UUID written when the store was created. */
  readonly identity: string;
  readonly registry: EventRegistry;
  /** Whether other processes may have left messages there that only carried a check: then they are removed now and then. @default false */
  readonly sweepsChecks?: boolean | undefined;
}

/** An event store on a log of messages. */
export class LogEventStore extends EventStore {
  readonly name: string;
  readonly identity: string;
  readonly registry: EventRegistry;
  readonly #log: MessageLog;
  readonly #reader: StreamReader;
  readonly #ends: StreamEnds;
  readonly #lookup: CommandLookup;
  readonly #checks: CheckMessages;
  readonly #writer: Writer;
  readonly #sweeper: CheckSweeper | undefined;
  #closed = false;

  constructor(log: MessageLog, { name, identity, registry, sweepsChecks }: LogEventStoreParts) {
    super();
    this.name = name;
    this.identity = identity;
    this.registry = registry;
    this.#log = log;
    this.#reader = new StreamReader(log, name);
    const cache = new StreamEndCache();
    log.onReconnect(() => cache.clear());
    this.#ends = new StreamEnds(name, this.#reader, cache);
    this.#lookup = new CommandLookup(name, this.#reader, cache);
    this.#checks = new CheckMessages(log, name);
    this.#sweeper = sweepsChecks === true ? new CheckSweeper(this.#checks) : undefined;
    this.#writer = new Writer({
      store: name,
      log,
      reader: this.#reader,
      ends: this.#ends,
      lookup: this.#lookup,
      checks: this.#checks,
      pacing: new StreamPacing(),
    });
  }

  /** How often a stream had to be read by scanning for its subject, since its sequences led to foreign commits. */
  get subjectScans(): number {
    return this.#reader.scans;
  }

  override async append(
    stream: StreamLike,
    events: readonly object[],
    options: AppendOptions = {},
  ): Promise<AppendResult> {
    this.#checkOpen();
    const request = toAppendRequest({ stream, events }, options, this.registry);
    const [write] = request.writes as [WriteRequest['writes'][number]];
    if (write.events.length > 0) return (await this.#write(request)).entries[0] as AppendResult;
    const { version } = await this.status(write.stream, { consistency: 'leader', signal: options.signal });
    return unchanged(write.stream, version);
  }

  override async transact(
    entries: readonly TransactionEntry[],
    options: TransactOptions = {},
  ): Promise<TransactionResult> {
    this.#checkOpen();
    return this.#write(toTransactRequest(entries, options, this.registry));
  }

  /**
   * Removes what transactions left that were cut off before they could tidy up, or whose user may not delete: messages that only carried a
   * check. They are harmless, and a store on a server removes them now and then by itself where its user may delete. For the admin role.
   *
   * @param olderThanMs Younger ones may belong to a transaction that is under way. @default 60_000
   * @returns how many were removed.
   */
  async sweepChecks(olderThanMs = 60_000): Promise<number> {
    this.#checkOpen();
    return this.#checks.sweep(integerOption('olderThanMs', olderThanMs, { fallback: 60_000, min: 0 }));
  }

  override async *read(
    stream: StreamLike,
    options: ReadOptions = {},
  ): AsyncGenerator<RecordedEvent, void, void> {
    this.#checkOpen();
    checkReadOptions(options);
    const last = await this.#last(stream, options);
    const range = last && rangeToRead(options, lastVersionOf(last));
    if (last === undefined || range === undefined) return;
    const window = new ReadWindow(range, options.direction === 'backward', last);
    while (!window.isDone) {
      options.signal?.throwIfAborted();
      this.#checkOpen();
      const versions = window.next(this.#log.getsAtOnce);
      const commits = await this.#reader.range(last, versions, { time: true, signal: options.signal });
      yield* window.eventsOf(await openCommits(commits, this.registry.cipher), this.registry);
    }
  }

  override async *readAll(options: ReadAllOptions = {}): AsyncGenerator<RecordedEvent, void, void> {
    this.#checkOpen();
    yield* readLog(this.#log, { store: this.name, registry: this.registry }, options);
  }

  override async *follow(options: FollowOptions): AsyncGenerator<CommitBatch, void, void> {
    this.#checkOpen();
    const { categories, slots, signal, onRecovery } = options;
    const maxBatch = checkFollowOptions(options);
    const start = resolveStart(options.from);
    const replay = { store: this.name, categories, slots, signal, onRecovery, maxBatch };
    const batches = replayCommits(this.#log, { ...replay, start: start.replay, live: true });
    for await (const { commits, caughtUp } of batches) {
      const wanted = commits.filter((commit) => reaches(commit, start.firstIndexOf(commit)));
      yield { commits: await openCommits(wanted, this.registry.cipher), caughtUp };
    }
  }

  override subscribe(options: SubscribeOptions): Subscription {
    return new Subscription(this, options);
  }

  override async status(stream: StreamLike, options: StatusOptions = {}): Promise<StreamStatus> {
    this.#checkOpen();
    const last = await this.#last(stream, options);
    if (last === undefined) return { state: 'missing', version: 0 };
    const range = { from: 1, to: 1 };
    const [first] = await this.#reader.range(last, range, { time: true, signal: options.signal });
    return {
      state: 'active',
      version: asVersion(lastVersionOf(last)),
      position: positionOf(last.sequence, last.events.length - 1),
      firstAt: new Date(first?.time ?? 0),
      lastAt: new Date(last.time ?? 0),
    };
  }

  override async readCommits(stream: StreamLike, options: ReadCommitsOptions = {}): Promise<StreamCommits> {
    this.#checkOpen();
    const last = await this.#last(stream, options);
    if (last === undefined) return { commits: [], version: asVersion(0) };
    const version = lastVersionOf(last);
    const range = { from: (options.after ?? 0) + 1, to: version };
    if (range.from > range.to) return { commits: [], version: asVersion(version) };
    const commits = await this.#reader.range(last, range, { time: false, signal: options.signal });
    // the last one came with its time: folds are to do without it everywhere alike
    const timeless = commits.map((commit) => (commit === last ? { ...last, time: undefined } : commit));
    return { commits: await openCommits(timeless, this.registry.cipher), version: asVersion(version) };
  }

  override async eventAt(
    position: Position,
    options: { readonly signal?: AbortSignal | undefined } = {},
  ): Promise<RecordedEvent | undefined> {
    checkKnownOptions(options, ['signal']);
    const { sequence, index } = parsePosition(position);
    const commit = sequence === 0 ? undefined : await this.commitAt(sequence, options);
    if (commit === undefined || isSystemCategory(commit.stream.category)) return undefined;
    return recordedRange(commit, this.registry, { from: index, to: index })[0];
  }

  override async event(
    id: string,
    options: { readonly stream: StreamLike; readonly signal?: AbortSignal | undefined },
  ): Promise<RecordedEvent | undefined> {
    checkKnownOptions(options, ['stream', 'signal']);
    checkEventId(id);
    const { stream, signal } = options;
    const events = this.read(stream, { direction: 'backward', consistency: 'leader', signal });
    for await (const event of events) if (event.id === id) return event;
    return undefined;
  }

  override async streamPage(options: StreamPageOptions): Promise<StreamPage> {
    this.#checkOpen();
    const place = toStreamPageRequest(options);
    options.signal?.throwIfAborted();
    const listing = new StreamListing({
      store: this.name,
      names: async (filter, offset) => this.#log.subjectNames(filter, offset, deadlineOf(options)),
      positionOf: async (subject) =>
        positionOf((await this.#log.lastAtLeader(subject, deadlineOf(options)))?.sequence ?? 0, 0),
    });
    return listing.page(place);
  }

  override async *streams(options: {
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

  override async commitAt(
    sequence: number,
    options: { readonly signal?: AbortSignal | undefined } = {},
  ): Promise<StoredCommit | undefined> {
    this.#checkOpen();
    integerOption('sequence', sequence, { fallback: 1 });
    const message = await this.#log.bySequenceAtLeader(sequence, deadlineOf(options));
    // a check of a transaction is no commit, and every reader skips it
    if (message === undefined || categoryOfSubject(message.subject) === CHECK_CATEGORY) return undefined;
    return (await openCommits([commitOnSubject(message)], this.registry.cipher))[0];
  }

  override async commitOfCommand(
    stream: StreamLike,
    commandId: string,
    { upTo, signal }: { readonly upTo?: number | undefined; readonly signal?: AbortSignal | undefined } = {},
  ): Promise<StoredCommit | undefined> {
    this.#checkOpen();
    const name = asStreamName(stream);
    const wanted = { stream: name, commitId: commitIdOfCommand(name, commandId) };
    if (upTo !== undefined && this.#lookup.isNewUpTo(wanted, upTo)) return undefined;
    const { commit } = await this.#lookup.find({ ...wanted, deadline: deadlineOf({ signal }) });
    return commit !== undefined && commit.firstVersion <= (upTo ?? Infinity) ? commit : undefined;
  }

  override async lastSequence(options: { readonly signal?: AbortSignal | undefined } = {}): Promise<number> {
    this.#checkOpen();
    return this.#log.lastSequence(deadlineOf(options));
  }

  override async close(): Promise<void> {
    this.#closed = true;
    this.#sweeper?.stop();
    await this.#writer.drain();
    await this.#log.close();
  }

  async #write(request: WriteRequest): Promise<TransactionResult> {
    const { cipher } = this.registry;
    if (cipher === undefined) return this.#writer.write(request);
    return openResult(await this.#writer.write(await sealRequest(request, cipher)), cipher);
  }

  async #last(
    stream: StreamLike,
    { consistency = 'follower', signal }: StatusOptions,
  ): Promise<StoredCommit | undefined> {
    const last = await this.#reader.last(asStreamName(stream), consistency, deadlineOf({ signal }));
    if (last !== undefined) this.#ends.offer(last);
    return last;
  }

  #checkOpen(): void {
    if (this.#closed) throw new ConnectionClosedError(`store ${this.name}`);
  }
}
