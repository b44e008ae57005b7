import { lastVersionOf, type StoredCommit } from '../event/commit.js';
import type { EventRegistry } from '../event/event-registry.js';
import { positionOf } from '../event/position.js';
import { type RecordedEvent, recordedEvents } from '../event/recorded-event.js';
import { checkStreamName, type StreamName } from '../event/stream-name.js';
import { categoryOfSubject, subjectOf } from '../event/subject.js';
import { asVersion, type Version } from '../event/version.js';
import {
  isFault,
  type JetStreamConnection,
  unexpectedFault,
} from '../jetstream/connection/jetstream-connection.js';
import { deadlineOf, MessageReader } from '../jetstream/read/message-reader.js';
import { Publisher } from '../jetstream/publish/publisher.js';
import { subjectNames } from '../jetstream/streams/subject-names.js';
import { ConnectionClosedError } from '../jetstream/connection/connection-errors.js';
import { checkKnownOptions, integerOption } from '../kernel/options.js';
import { toAppendRequest } from './append/append-request.js';
import { Appender, type AppenderParts } from './append/appender.js';
import { commitIdOfCommand } from './append/commit-id.js';
import { CHECK_CATEGORY, CheckMessages } from './append/check-messages.js';
import { commitOnSubject, replayCommits } from './replay/commit-replay.js';
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
} from './event-store.js';
import { checkReadOptions, rangeToRead } from './read/read-options.js';
import { ReadWindow } from './read/read-window.js';
import { reaches, resolveStart } from './replay/read-all-start.js';
import { wantedTypes } from './replay/wanted-types.js';
import { findCommit } from './append/settlement.js';
import { StreamListing } from './listing/stream-listing.js';
import { type StreamPage, type StreamPageOptions, toStreamPageRequest } from './listing/stream-page.js';
import { StreamReader } from './read/stream-reader.js';
import { StreamEndCache } from './append/stream-end-cache.js';
import { StreamEnds } from './append/stream-ends.js';
import { toTransactRequest } from './append/transact-request.js';
import { Transactor } from './append/transactor.js';
import { endOf } from './append/stream-end.js';

/** Commits that a read of the whole store takes at a time. */
const READ_ALL_BATCH = 1_000;
const DEFAULT_MAX_BATCH = 500;
const READ_ALL_OPTIONS = ['from', 'categories', 'types', 'signal'];
const FOLLOW_OPTIONS = ['from', 'categories', 'maxBatch', 'signal', 'onRecovery'];

/** The event store on one JetStream stream. Made by {@link connectEventStore}. */
export class JetStreamEventStore extends EventStore {
  readonly name: string;
  readonly identity: string;
  readonly registry: EventRegistry;
  readonly #connection: JetStreamConnection;
  readonly #messages: MessageReader;
  readonly #reader: StreamReader;
  readonly #appender: Appender;
  readonly #transactor: Transactor;
  readonly #tails = new StreamEndCache();
  #closed = false;

  constructor(connection: JetStreamConnection, name: string, identity: string, registry: EventRegistry) {
    super();
    this.name = name;
    this.identity = identity;
    this.registry = registry;
    this.#connection = connection;
    connection.onReconnect(() => this.#tails.clear());
    this.#messages = new MessageReader(connection, name);
    this.#reader = new StreamReader(this.#messages, name);
    const parts: AppenderParts = {
      store: name,
      publisher: new Publisher(connection),
      reader: this.#reader,
      tails: new StreamEnds(name, this.#reader, this.#tails),
      maxPayload: () => connection.maxPayload,
    };
    this.#appender = new Appender(parts);
    this.#transactor = new Transactor(parts, new CheckMessages(connection, name));
  }

  /**
   * For what is kept beside the store on the same server.
   *
   * @internal
   */
  get connection(): JetStreamConnection {
    return this.#connection;
  }

  /** How often a stream had to be read by scanning for its subject, since its sequences led to foreign commits. */
  get subjectScans(): number {
    return this.#reader.scans;
  }

  async append(
    stream: StreamName,
    events: readonly object[],
    options: AppendOptions = {},
  ): Promise<AppendResult> {
    this.#checkOpen();
    const request = toAppendRequest(stream, events, options, this.registry);
    if (request.events.length > 0) return this.#appender.append(request);
    const { version } = await this.status(stream, { consistency: 'leader', signal: options.signal });
    return { stream, version: asVersion(version), position: undefined, committed: false, events: [] };
  }

  async transact(
    entries: readonly TransactionEntry[],
    options: TransactOptions = {},
  ): Promise<TransactionResult> {
    this.#checkOpen();
    return this.#transactor.transact(toTransactRequest(entries, options, this.registry));
  }

  /**
   * Removes what transactions left behind that were cut off before they could tidy up, or whose role may not delete: messages that only carried a
   * check. They are harmless. For the admin role.
   *
   * @param olderThanMs Younger ones may belong to a transaction that is under way. @default 60_000
   * @returns how many were removed.
   */
  async sweepChecks(olderThanMs = 60_000): Promise<number> {
    this.#checkOpen();
    return this.#transactor.checks.sweep(integerOption('olderThanMs', olderThanMs, 60_000, 0));
  }

  async *read(stream: StreamName, options: ReadOptions = {}): AsyncGenerator<RecordedEvent, void, void> {
    this.#checkOpen();
    checkReadOptions(options);
    const last = await this.#last(stream, options.consistency, options.signal);
    const range = last && rangeToRead(options, lastVersionOf(last));
    if (last === undefined || range === undefined) return;
    const window = new ReadWindow(range, options.direction === 'backward', last);
    while (!window.isDone) {
      options.signal?.throwIfAborted();
      const versions = window.next(this.#messages.getsAtOnce);
      const commits = await this.#reader.range(last, versions, { time: true, signal: options.signal });
      yield* window.eventsOf(commits, this.registry);
    }
  }

  async *readAll(options: ReadAllOptions = {}): AsyncGenerator<RecordedEvent, void, void> {
    this.#checkOpen();
    checkKnownOptions(options, READ_ALL_OPTIONS);
    const start = resolveStart(options.from);
    const isWanted = wantedTypes(options.types, this.registry);
    const batches = replayCommits(this.#connection, this.name, options.categories, {
      start: start.replay,
      live: false,
      maxBatch: READ_ALL_BATCH,
      signal: options.signal,
    });
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
    const batches = replayCommits(this.#connection, this.name, options.categories, {
      start: start.replay,
      live: true,
      maxBatch: integerOption('maxBatch', options.maxBatch, DEFAULT_MAX_BATCH),
      signal: options.signal,
      onRecovery: options.onRecovery,
    });
    for await (const { commits, caughtUp } of batches) {
      yield { commits: commits.filter((commit) => reaches(commit, start.firstIndexOf(commit))), caughtUp };
    }
  }

  async status(
    stream: StreamName,
    options: { consistency?: Consistency | undefined; signal?: AbortSignal | undefined } = {},
  ): Promise<StreamStatus> {
    this.#checkOpen();
    const last = await this.#last(stream, options.consistency, options.signal);
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

  async readCommits(
    stream: StreamName,
    options: {
      after?: Version | undefined;
      consistency?: Consistency | undefined;
      signal?: AbortSignal | undefined;
    } = {},
  ): Promise<StreamCommits> {
    this.#checkOpen();
    const last = await this.#last(stream, options.consistency, options.signal);
    if (last === undefined) return { commits: [], version: asVersion(0) };
    const version = lastVersionOf(last);
    const from = (options.after ?? 0) + 1;
    const range = { from, to: version };
    const commits =
      from > version ? [] : await this.#reader.range(last, range, { time: false, signal: options.signal });
    // the last one came with its time: folds are to do without it everywhere alike
    return {
      commits: commits.map((commit) => (commit === last ? { ...last, time: undefined } : commit)),
      version: asVersion(version),
    };
  }

  async commitAt(
    sequence: number,
    options: { signal?: AbortSignal | undefined } = {},
  ): Promise<StoredCommit | undefined> {
    this.#checkOpen();
    integerOption('sequence', sequence, 1);
    const message = await this.#messages.bySequenceAtLeader(sequence, deadlineOf(options));
    // a check of a transaction is no commit, and every reader goes over it
    if (message === undefined || categoryOfSubject(message.subject) === CHECK_CATEGORY) return undefined;
    return commitOnSubject(message);
  }

  override async commitOfCommand(
    stream: StreamName,
    commandId: string,
    { upTo, signal }: { upTo?: number | undefined; signal?: AbortSignal | undefined } = {},
  ): Promise<StoredCommit | undefined> {
    this.#checkOpen();
    const commitId = commitIdOfCommand(stream, commandId);
    return findCommit(this.#reader, { stream, commitId, deadline: deadlineOf({ signal }) }, 0, upTo);
  }

  async streamPage(options: StreamPageOptions): Promise<StreamPage> {
    this.#checkOpen();
    const place = toStreamPageRequest(options);
    const listing = new StreamListing({
      store: this.name,
      names: async (filter, offset) =>
        subjectNames(this.#connection, this.name, filter, offset, deadlineOf(options)),
      positionOf: async (subject) =>
        positionOf((await this.#messages.lastAtLeader(subject, deadlineOf(options)))?.sequence ?? 0, 0),
    });
    return listing.page(place);
  }

  async lastSequence(options: { signal?: AbortSignal | undefined } = {}): Promise<number> {
    this.#checkOpen();
    const answer = await this.#connection.api<{ state: { last_seq: number } }>(
      `STREAM.INFO.${this.name}`,
      undefined,
      deadlineOf(options),
    );
    if (isFault(answer)) throw unexpectedFault(`asking for the end of store ${this.name}`, answer.error);
    return answer.state.last_seq;
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([this.#appender.drain(), this.#transactor.drain()]);
    await this.#connection.close();
  }

  async #last(
    stream: StreamName,
    consistency: Consistency = 'follower',
    signal?: AbortSignal,
  ): Promise<StoredCommit | undefined> {
    checkStreamName(stream);
    const last = await this.#reader.last(stream, consistency, deadlineOf({ signal }));
    if (last !== undefined) this.#tails.offer(subjectOf(this.name, stream), endOf(last));
    return last;
  }

  #checkOpen(): void {
    if (this.#closed) throw new ConnectionClosedError(`store ${this.name}`);
  }
}
