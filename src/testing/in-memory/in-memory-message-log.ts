import type {
  MessageLog,
  OutgoingMessage,
  PublishAnswer,
  ReadPatience,
  ReplayBatch,
  ReplayOptions,
  StoredMessage,
  SubjectMessage,
  SubjectNames,
} from '../../log/message-log.js';
import { LogEpoch } from '../../log/log-epoch.js';
import type { LogPeers } from '../../log/log-peers.js';
import { ServerHeader } from '../../jetstream/api/server-headers.js';
import { ConnectionClosedError, NatsError } from '../../jetstream/connection/connection-errors.js';
import { Deadline } from '../../kernel/deadline.js';
import { joinSignals } from '../../kernel/join-signals.js';
import { sleep } from '../../kernel/sleep.js';
import { InMemoryRecordTable } from './in-memory-record-table.js';
import { replayStorage } from './in-memory-replay.js';
import type { InMemoryMessage, InMemoryStorage } from './in-memory-storage.js';
import { LogFaults, type PublishFault } from './log-faults.js';
import { matchesFilter } from './subject-filter.js';

/** The default limit of a nats-server, in bytes. */
const DEFAULT_MAX_PAYLOAD = 1_048_576;

/** Options of a handle on a log in memory. */
export interface InMemoryMessageLogOptions {
  /** The messages; shared by all handles on one log. */
  readonly storage: InMemoryStorage;
  /** @default 'in-memory' */
  readonly name?: string | undefined;
  /** The largest message that is accepted, in bytes. @default 1_048_576 */
  readonly maxPayload?: number | undefined;
  /** Injected faults. @default none */
  readonly faults?: LogFaults | undefined;
}

/** A log in the memory of this process, as one connection sees it. */
export class InMemoryMessageLog implements MessageLog {
  readonly name: string;
  readonly maxPayload: number;
  readonly getsAtOnce = Infinity;
  readonly peers: LogPeers;
  /** The records beside the log. */
  readonly records: InMemoryRecordTable;
  /** Faults on order. */
  readonly faults: LogFaults;
  readonly #storage: InMemoryStorage;
  /** Nothing restarts unless it is told to, so time alone is no sign. */
  readonly #epoch = new LogEpoch({ quietMs: Infinity });
  readonly #recoveries = new Set<(reason: string) => void>();
  readonly #closing = new AbortController();

  constructor({ storage, name = 'in-memory', maxPayload, faults }: InMemoryMessageLogOptions) {
    this.name = name;
    this.maxPayload = maxPayload ?? DEFAULT_MAX_PAYLOAD;
    this.faults = faults ?? new LogFaults();
    this.#storage = storage;
    this.records = new InMemoryRecordTable(storage.records, this.faults.records);
    this.peers = {
      areHeard: true,
      tell: (word) => storage.tell(word),
      listen: (listener) => storage.listen(listener),
    };
  }

  get epoch(): number {
    return this.#epoch.current;
  }

  async publish(message: OutgoingMessage, deadline: Deadline, epoch: number): Promise<PublishAnswer> {
    return this.publishBatch([message], deadline, epoch);
  }

  async publishBatch(
    messages: readonly OutgoingMessage[],
    deadline: Deadline,
    epoch: number,
  ): Promise<PublishAnswer> {
    const fault = this.faults.isQuiet ? undefined : await this.faults.takePublishFault();
    if (deadline.passed) return { kind: 'unanswered', sure: true };
    this.#checkOpen();
    if (this.#epoch.hasLostSince(epoch)) return { kind: 'stale', sent: false };
    const mark = this.#epoch.mark();
    const answer = fault === undefined ? this.#store(messages) : await this.#fail(fault, messages, deadline);
    if (answer.kind === 'stored') this.#epoch.stored(answer.sequence, mark);
    return answer;
  }

  async last(subject: string, deadline?: Deadline): Promise<StoredMessage | undefined> {
    await this.#turn(deadline);
    return this.#ofSubject(subject, this.faults.known).at(-1);
  }

  async lastAtLeader(subject: string, deadline?: Deadline): Promise<StoredMessage | undefined> {
    await this.#turn(deadline);
    return this.#storage.ofSubject(subject).at(-1);
  }

  async bySequences(
    sequences: readonly number[],
    { time, deadline, signal }: ReadPatience & { readonly time: boolean },
  ): Promise<(StoredMessage | undefined)[]> {
    await this.#turn(deadline, signal);
    return sequences.map((sequence) => {
      const message = sequence > this.faults.known ? undefined : this.#storage.at(sequence);
      return message === undefined || time ? message : { sequence, data: message.data };
    });
  }

  async bySequenceAtLeader(sequence: number, deadline?: Deadline): Promise<SubjectMessage | undefined> {
    await this.#turn(deadline);
    return this.#storage.at(sequence);
  }

  async nextAtLeader(
    subject: string,
    sequence: number,
    deadline?: Deadline,
  ): Promise<StoredMessage | undefined> {
    await this.#turn(deadline);
    return this.#storage.ofSubject(subject).find((message) => message.sequence >= sequence);
  }

  async *scan(
    subject: string,
    fromSequence: number,
    { deadline, signal }: ReadPatience = {},
  ): AsyncGenerator<StoredMessage, void, void> {
    await this.#turn(deadline, signal);
    for (const message of this.#ofSubject(subject, this.faults.known))
      if (message.sequence >= fromSequence) yield message;
  }

  replay(options: ReplayOptions): AsyncIterable<ReplayBatch> {
    return replayStorage(this.#storage, options, {
      checkOpen: () => this.#checkOpen(),
      onInterrupt: (listener) => {
        this.#recoveries.add(listener);
        return () => this.#recoveries.delete(listener);
      },
    });
  }

  async subjectNames(filter: string, offset: number, deadline: Deadline): Promise<SubjectNames> {
    await this.#turn(deadline);
    const names = this.#storage.subjects.filter((subject) => matchesFilter(subject, filter));
    return { subjects: names.slice(offset), total: names.length };
  }

  async lastSequence(deadline: Deadline): Promise<number> {
    const mark = this.#epoch.mark();
    await this.#turn(deadline);
    this.#epoch.endsAt(this.#storage.lastSequence, mark);
    return this.#storage.lastSequence;
  }

  async delete(sequence: number, deadline: Deadline): Promise<void> {
    await this.#turn(deadline);
    this.#storage.remove(sequence);
  }

  onPossibleLoss(listener: () => void): () => void {
    return this.#epoch.onBegin(listener);
  }

  /** Simulates a lost and renewed connection: listeners are called, replays are interrupted and continue. */
  reconnect(): void {
    this.#epoch.begin();
    for (const listener of this.#recoveries) listener('the connection was renewed');
    this.#storage.wake();
  }

  /**
   * As if the log had not answered for a while: a handle that connects through another server sees no more of
   * a restart.
   */
  beQuiet(): void {
    this.#epoch.suspect();
  }

  /**
   * The log loses all messages after a sequence. This handle does not learn of it; see {@link reconnect} and
   * {@link beQuiet}.
   */
  loseEnd(sequence: number): void {
    this.#storage.truncate(sequence);
  }

  /** The duplicate window passes: the log forgets the ids of its messages. */
  forgetMessageIds(): void {
    this.#storage.forgetIds();
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#storage.wake();
  }

  #store(messages: readonly OutgoingMessage[]): PublishAnswer {
    const storage = this.#storage;
    if (!messages.every((message) => storage.guardHolds(message))) return { kind: 'conflict', resent: false };
    const known = messages.map(({ headers }) =>
      storage.withId(String(headers[ServerHeader.messageId] ?? '')),
    );
    const [duplicate] = known.filter((message) => message !== undefined);
    if (duplicate !== undefined)
      return { kind: 'duplicate', sequence: messages.length === 1 ? duplicate.sequence : 0 };
    return { kind: 'stored', sequence: storage.store(messages) };
  }

  async #fail(
    fault: PublishFault,
    messages: readonly OutgoingMessage[],
    deadline: Deadline,
  ): Promise<PublishAnswer> {
    switch (fault.kind) {
      case 'refused':
        return fault;
      case 'interrupted':
        if (fault.stored) this.#store(messages);
        await fault.meanwhile();
        return { kind: 'stale', sent: true };
      case 'lost-answer':
        return this.#resent(this.#store(messages), fault.resend);
      case 'false-conflict':
        return { kind: 'conflict', resent: true };
      case 'silence':
        if (fault.stored) this.#store(messages);
        await this.#untilPassed(deadline);
        return { kind: 'unanswered', sure: false };
      case 'unserved':
        await this.#untilPassed(deadline);
        return { kind: 'unanswered', sure: true };
    }
  }

  #resent(first: PublishAnswer, resend: 'conflict' | 'duplicate'): PublishAnswer {
    if (first.kind === 'conflict') return { ...first, resent: true };
    if (resend === 'conflict' || first.kind !== 'stored') return { kind: 'conflict', resent: true };
    return { kind: 'duplicate', sequence: first.sequence };
  }

  async #untilPassed(deadline: Deadline): Promise<void> {
    const { signal, release } = joinSignals([deadline.signal, this.#closing.signal]);
    await sleep(deadline.leftMs, signal).catch(() => undefined);
    release();
  }

  #ofSubject(subject: string, known: number): readonly InMemoryMessage[] {
    const messages = this.#storage.ofSubject(subject);
    return known === Infinity ? messages : messages.filter(({ sequence }) => sequence <= known);
  }

  /** Asynchronous, so that a signal that aborts right after the call ends it, as on a connection. */
  async #turn(deadline?: Deadline, signal = deadline?.signal): Promise<void> {
    await Promise.resolve();
    signal?.throwIfAborted();
    if (deadline?.passed === true)
      throw new NatsError(`log ${this.name}: no answer within ${deadline.totalMs} ms`);
    this.#checkOpen();
  }

  #checkOpen(): void {
    if (this.#closing.signal.aborted) throw new ConnectionClosedError(`log ${this.name}`);
  }
}
