import { lastVersionOf, type StoredCommit } from '../event/commit.js';
import type { EventRegistry } from '../event/event-registry.js';
import { positionOf } from '../event/position.js';
import { type RecordedEvent, recordedEvents } from '../event/recorded-event.js';
import { checkStreamName, type StreamName } from '../event/stream-name.js';
import { asVersion, type Version } from '../event/version.js';
import { isFault, type JetStreamConnection, unexpectedFault } from '../jetstream/jetstream-connection.js';
import { deadlineOf, MessageReader } from '../jetstream/message-reader.js';
import { Publisher } from '../jetstream/publisher.js';
import { ConnectionClosedError } from '../kernel/errors.js';
import { checkKnownOptions, integerOption } from '../kernel/options.js';
import { toAppendRequest } from './append-request.js';
import { Appender, type AppenderParts } from './appender.js';
import { CheckMessages } from './check-messages.js';
import { replayCommits } from './commit-replay.js';
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
  type StreamTail,
  type TransactionEntry,
  type TransactionResult,
  type TransactOptions,
} from './event-store.js';
import { checkReadOptions, rangeToRead } from './read-options.js';
import { reaches, resolveStart } from './read-all-start.js';
import { toStoredCommit } from './stored-commit.js';
import { StreamReader } from './stream-reader.js';
import { TailCache } from './tail-cache.js';
import { Tails } from './tails.js';
import { toTransactRequest } from './transact-request.js';
import { Transactor } from './transactor.js';
import { tailOf } from './tail.js';
import { subjectOf } from '../event/subject.js';

/** Versions that a long read holds in memory at a time. */
const READ_WINDOW = 1_000;
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
  readonly #tails = new TailCache();
  #closed = false;

  constructor(connection: JetStreamConnection, name: string, identity: string, registry: EventRegistry) {
    super();
    this.name = name;
    this.identity = identity;
    this.registry = registry;
    this.#connection = connection;
    this.#messages = new MessageReader(connection, name);
    this.#reader = new StreamReader(this.#messages, name);
    const parts: AppenderParts = {
      store: name,
      publisher: new Publisher(connection),
      reader: this.#reader,
      tails: new Tails(name, this.#reader, this.#tails),
      maxPayload: () => connection.maxPayload,
    };
    this.#appender = new Appender(parts);
    this.#transactor = new Transactor(parts, new CheckMessages(connection, name));
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
    const backward = options.direction === 'backward';
    for (let done = 0; done <= range.to - range.from; done += READ_WINDOW) {
      options.signal?.throwIfAborted();
      const from = backward ? Math.max(range.from, range.to - done - READ_WINDOW + 1) : range.from + done;
      const to = backward ? range.to - done : Math.min(range.to, from + READ_WINDOW - 1);
      const commits = await this.#reader.range(last, { from, to }, { time: true, signal: options.signal });
      const events = commits
        .flatMap((commit) => recordedEvents(commit, this.registry))
        .filter(({ version }) => version >= from && version <= to);
      yield* backward ? events.toReversed() : events;
    }
  }

  async *readAll(options: ReadAllOptions = {}): AsyncGenerator<RecordedEvent, void, void> {
    this.#checkOpen();
    checkKnownOptions(options, READ_ALL_OPTIONS);
    const start = resolveStart(options.from);
    const types = options.types && new Set(options.types);
    const batches = replayCommits(this.#connection, this.name, options.categories, {
      start: start.replay,
      live: false,
      maxBatch: READ_WINDOW,
      signal: options.signal,
    });
    for await (const { commits } of batches) {
      for (const commit of commits) {
        options.signal?.throwIfAborted();
        for (const event of recordedEvents(commit, this.registry, start.firstIndexOf(commit))) {
          if (types === undefined || types.has(event.type)) yield event;
        }
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

  async tail(
    stream: StreamName,
    options: {
      behind?: Version | undefined;
      consistency?: Consistency | undefined;
      signal?: AbortSignal | undefined;
    } = {},
  ): Promise<StreamTail> {
    this.#checkOpen();
    const last = await this.#last(stream, options.consistency, options.signal);
    if (last === undefined) return { commits: [], version: asVersion(0) };
    const version = lastVersionOf(last);
    const from = (options.behind ?? 0) + 1;
    const range = { from, to: version };
    const commits =
      from > version ? [] : await this.#reader.range(last, range, { time: false, signal: options.signal });
    return { commits, version: asVersion(version) };
  }

  async commitAt(
    sequence: number,
    options: { signal?: AbortSignal | undefined } = {},
  ): Promise<StoredCommit | undefined> {
    this.#checkOpen();
    const message = await this.#messages.bySequenceAtLeader(sequence, deadlineOf(options));
    return message && toStoredCommit(message, this.name);
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
    if (last !== undefined) this.#tails.offer(subjectOf(this.name, stream), tailOf(last));
    return last;
  }

  #checkOpen(): void {
    if (this.#closed) throw new ConnectionClosedError(`store ${this.name}`);
  }
}
