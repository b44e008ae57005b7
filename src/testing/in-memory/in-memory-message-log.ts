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
import { ServerHeader } from '../../jetstream/api/server-headers.js';
import { ConnectionClosedError } from '../../jetstream/connection/connection-errors.js';
import { Deadline } from '../../kernel/deadline.js';
import { sleep } from '../../kernel/sleep.js';
import { replayStorage } from './in-memory-replay.js';
import type { InMemoryMessage, InMemoryStorage } from './in-memory-storage.js';
import { LogFaults, type PublishFault } from './log-faults.js';
import { matchesFilter } from './subject-filter.js';

/** The default limit of a nats-server, in bytes. */
const DEFAULT_MAX_PAYLOAD = 1_048_576;

/** Options of a handle on a log in memory. */
export interface InMemoryMessageLogOptions {
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
  readonly faults: LogFaults;
  readonly #storage: InMemoryStorage;
  readonly #reconnected = new Set<() => void>();
  readonly #recoveries = new Set<(reason: string) => void>();
  #closed = false;

  constructor({ storage, name = 'in-memory', maxPayload, faults }: InMemoryMessageLogOptions) {
    this.name = name;
    this.maxPayload = maxPayload ?? DEFAULT_MAX_PAYLOAD;
    this.faults = faults ?? new LogFaults();
    this.#storage = storage;
  }

  async publish(message: OutgoingMessage, deadline: Deadline): Promise<PublishAnswer> {
    return this.publishBatch([message], deadline);
  }

  async publishBatch(messages: readonly OutgoingMessage[], deadline: Deadline): Promise<PublishAnswer> {
    const fault = this.faults.isQuiet ? undefined : await this.faults.takePublishFault();
    if (deadline.passed) return { kind: 'unanswered', sure: true };
    this.#checkOpen();
    return fault === undefined ? this.#store(messages) : this.#fail(fault, messages, deadline);
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
    await this.#turn(deadline);
    return this.#storage.lastSequence;
  }

  async delete(sequence: number, deadline: Deadline): Promise<void> {
    await this.#turn(deadline);
    this.#storage.remove(sequence);
  }

  onReconnect(listener: () => void): () => void {
    this.#reconnected.add(listener);
    return () => this.#reconnected.delete(listener);
  }

  /** Simulates a lost and renewed connection: listeners are called, replays are interrupted and continue. */
  reconnect(): void {
    for (const listener of this.#reconnected) listener();
    for (const listener of this.#recoveries) listener('the connection was renewed');
    this.#storage.wake();
  }

  /** The log loses all messages after a sequence. This handle is not notified; see {@link reconnect}. */
  loseEnd(sequence: number): void {
    this.#storage.truncate(sequence);
  }

  async close(): Promise<void> {
    this.#closed = true;
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
    await sleep(deadline.leftMs, deadline.signal).catch(() => undefined);
  }

  #ofSubject(subject: string, known: number): readonly InMemoryMessage[] {
    const messages = this.#storage.ofSubject(subject);
    return known === Infinity ? messages : messages.filter(({ sequence }) => sequence <= known);
  }

  /** Asynchronous, so that a signal that aborts right after the call ends it, as on a connection. */
  async #turn(deadline?: Deadline, signal = deadline?.signal): Promise<void> {
    await Promise.resolve();
    signal?.throwIfAborted();
    this.#checkOpen();
  }

  #checkOpen(): void {
    if (this.#closed) throw new ConnectionClosedError(`log ${this.name}`);
  }
}
