import { setMaxListeners } from 'node:events';
import { lastVersionOf, type StoredCommit } from '../event/commit.js';
import { openCommits } from '../event/event-cipher.js';
import type { EventRegistry } from '../event/event-registry.js';
import type { NewEvent } from '../event/new-event.js';
import { parsePosition, type Position, positionOf } from '../event/position.js';
import { type RecordedEvent, recordedRange } from '../event/recorded-event.js';
import { isNotification } from '../event/notification.js';
import { isSystemCategory, type StreamLike, type StreamName } from '../event/stream-name.js';
import { categoryOfSubject } from '../event/subject.js';
import { asVersion } from '../event/version.js';
import { ConnectionClosedError } from '../jetstream/connection/connection-errors.js';
import { Deadline } from '../kernel/deadline.js';
import { guardedObserver } from '../kernel/guarded-observer.js';
import { checkKnownOptions, integerOption, LONGEST_TIMER_MS } from '../kernel/options.js';
import { Wakeup } from '../kernel/wakeup.js';
import type { AppendOptions, AppendResult } from './append/append-options.js';
import { toAppendRequest } from './append/append-request.js';
import { unchanged } from './append/append-result.js';
import { CHECK_CATEGORY, CheckMessages } from './append/check-messages.js';
import { CheckSweeper } from './append/check-sweeper.js';
import { CommandLookup } from './append/command-lookup.js';
import { commitIdOfCommand } from './append/commit-id.js';
import { openResult, sealRequest } from './append/sealing.js';
import { StreamEnds } from './append/stream-ends.js';
import type { TransactionEntry, TransactionResult, TransactOptions } from './append/transact-options.js';
import { toTransactRequest } from './append/transact-request.js';
import type { WriteRequest } from './append/write-request.js';
import { Writer } from './append/writer.js';
import { type CloseOptions, EventStore } from './event-store.js';
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
import { StartCheck } from './replay/start-check.js';
import type { SubscribeOptions } from './replay/subscribe-options.js';
import { Subscription } from './replay/subscription.js';
import { whileOpen } from './replay/while-open.js';
import { Notifier } from './notify/notifier.js';
import type { NotifyOptions, NotifyResult } from './notify/notify-options.js';
import { toNotifyRequest } from './notify/notify-request.js';
import { StreamTurns } from './turns/stream-turns.js';
import { asVersionedStream } from './versioned-stream.js';

const CLOSE_DEADLINE = { fallback: 5_000, min: 0, max: LONGEST_TIMER_MS };

/** What a store is, beside its log. */
export interface LogEventStoreParts {
  /** The store's name. */
  readonly name: string;
  /** UUID written when the store was created. */
  readonly identity: string;
  /** The event types of the store. */
  readonly registry: EventRegistry;
  /** Whether check messages that other processes have left are removed now and then. @default false */
  readonly sweepsChecks?: boolean | undefined;
}

/** An event store on a log of messages. */
export class LogEventStore<Events extends object = object> extends EventStore<Events> {
  readonly name: string;
  readonly identity: string;
  readonly registry: EventRegistry;
  override readonly turns: StreamTurns;
  readonly #log: MessageLog;
  readonly #reader: StreamReader;
  readonly #ends: StreamEnds;
  readonly #lookup: CommandLookup;
  readonly #checks: CheckMessages;
  readonly #sweeper: CheckSweeper | undefined;
  readonly #writer: Writer;
  readonly #notifier: Notifier;
  readonly #closing = new AbortController();
  #closed: Promise<void> | undefined;

  constructor(log: MessageLog, { name, identity, registry, sweepsChecks }: LogEventStoreParts) {
    super(log);
    this.name = name;
    this.identity = identity;
    this.registry = registry;
    this.turns = new StreamTurns(log.peers);
    this.#log = log;
    // as many as there are reads and subscriptions
    setMaxListeners(0, this.closing);
    const reader = new StreamReader(log, name);
    const ends = new StreamEnds(name, log, reader);
    const lookup = new CommandLookup(reader, ends);
    this.#checks = new CheckMessages(log, name);
    this.#reader = reader;
    this.#ends = ends;
    this.#lookup = lookup;
    this.#sweeper = sweepsChecks === true ? new CheckSweeper(this.#checks) : undefined;
    const helpers = { reader, ends, lookup, turns: this.turns, checks: this.#checks };
    this.#writer = new Writer({ store: name, identity, log, ...helpers });
    this.#notifier = new Notifier({ store: name, identity, log, cipher: registry.cipher });
  }

  /**
   * How often a stream had to be read by scanning for its subject, because its sequences led to foreign
   * commits.
   */
  get subjectScans(): number {
    return this.#reader.scans;
  }

  override async append(
    stream: StreamLike,
    events: readonly NewEvent<Events>[],
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
    entries: readonly TransactionEntry<Events>[],
    options: TransactOptions = {},
  ): Promise<TransactionResult> {
    this.#checkOpen();
    return this.#write(toTransactRequest(entries, options, this.registry));
  }

  override async notify(
    events: readonly NewEvent<Events>[],
    options: NotifyOptions = {},
  ): Promise<NotifyResult> {
    this.#checkOpen();
    return this.#notifier.notify(toNotifyRequest(events, options, this.registry));
  }

  /**
   * Removes the check messages of transactions that were cut off before they could delete them, or whose user
   * may not delete. They are harmless, and a store on a server removes them by itself now and then where its
   * user may delete. For the admin role.
   *
   * @param olderThanMs Younger ones may belong to a running transaction. In milliseconds.
   * @default 60_000
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
    const signals = { closing: this.closing, signal: options.signal };
    const batches = whileOpen(signals, (signal) => readLog(this.#log, this, { ...options, signal }));
    let left = options.limit ?? Infinity;
    for await (const { commits, eventsOf } of batches) {
      for (const commit of commits) {
        options.signal?.throwIfAborted();
        this.#checkOpen();
        for (const event of eventsOf(commit)) {
          yield event;
          left -= 1;
          if (left === 0) return;
        }
      }
    }
    options.signal?.throwIfAborted();
  }

  override async *follow(options: FollowOptions): AsyncGenerator<CommitBatch, void, void> {
    this.#checkOpen();
    const { categories, slots, readFrom: source } = options;
    const onRecovery = guardedObserver('onRecovery', options.onRecovery);
    const maxBatch = checkFollowOptions(options);
    const start = resolveStart(options.from);
    const check = new StartCheck(this, { from: options.from, signal: options.signal, onRecovery });
    await check.tryOnce();
    const replay = { store: this.name, categories, slots, source, onRecovery, maxBatch, start: start.replay };
    const signals = { closing: this.closing, signal: options.signal };
    const batches = whileOpen(signals, (signal) =>
      replayCommits(this.#log, { ...replay, live: true, signal }),
    );
    for await (const { commits, caughtUp, pending } of batches) {
      await check.settle();
      const wanted = commits.filter((commit) => reaches(commit, start.firstIndexOf(commit)));
      yield { commits: await openCommits(wanted, this.registry.cipher), caughtUp, pending };
    }
  }

  override subscribe(options: SubscribeOptions): Subscription {
    return new Subscription(this, options);
  }

  /**
   * Aborts when the store is closed, with the error that ends what stands on it.
   *
   * @internal
   */
  get closing(): AbortSignal {
    return this.#closing.signal;
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
    // the last one came with its time: folds get none from any commit
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
    if (commit === undefined) return undefined;
    if (isSystemCategory(commit.stream.category) && !isNotification(commit.stream)) return undefined;
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
    // a check of a transaction is no commit; every reader skips it
    if (message === undefined || categoryOfSubject(message.subject) === CHECK_CATEGORY) return undefined;
    return (await openCommits([commitOnSubject(message)], this.registry.cipher))[0];
  }

  override async commitOfCommand(
    stream: StreamLike,
    commandId: string,
    { upTo, signal }: { readonly upTo?: number | undefined; readonly signal?: AbortSignal | undefined } = {},
  ): Promise<StoredCommit | undefined> {
    this.#checkOpen();
    const name = asVersionedStream(stream);
    const wanted = { stream: name, commitId: commitIdOfCommand(name, commandId) };
    if (upTo !== undefined && this.#lookup.isNewUpTo(wanted, upTo)) return undefined;
    const { commit } = await this.#lookup.find({ ...wanted, deadline: deadlineOf({ signal }) });
    return commit !== undefined && commit.firstVersion <= (upTo ?? Infinity) ? commit : undefined;
  }

  override async lastSequence(options: { readonly signal?: AbortSignal | undefined } = {}): Promise<number> {
    this.#checkOpen();
    return this.#log.lastSequence(deadlineOf(options));
  }

  override onPossibleLoss(listener: () => void): () => void {
    return this.#log.onPossibleLoss(listener);
  }

  override async close(options: CloseOptions = {}): Promise<void> {
    checkKnownOptions(options, ['deadlineMs']);
    const deadlineMs = integerOption('deadlineMs', options.deadlineMs, CLOSE_DEADLINE);
    this.#closed ??= this.#end(new Deadline(deadlineMs));
    return this.#closed;
  }

  async #end(deadline: Deadline): Promise<void> {
    this.#sweeper?.stop();
    this.#closing.abort(new ConnectionClosedError(`store ${this.name}`));
    const drained = new Wakeup();
    const draining = Promise.all([this.#writer.drain(), this.#notifier.drain()]).then(() => drained.wake());
    await drained.wait({ timeoutMs: deadline.leftMs });
    this.turns.close();
    // what is still in flight is answered by nobody from here on
    await this.#log.close();
    await draining;
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
    const { epoch } = this.#log;
    const last = await this.#reader.last(asVersionedStream(stream), consistency, deadlineOf({ signal }));
    if (last !== undefined) this.#ends.offer(last, epoch);
    return last;
  }

  #checkOpen(): void {
    if (this.#closed !== undefined) throw new ConnectionClosedError(`store ${this.name}`);
  }
}
