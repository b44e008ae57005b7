import { LogEpoch, type LogMark } from '../log/log-epoch.js';
import { CorePeers } from './connection/core-peers.js';
import type { JetStreamConnection } from './connection/jetstream-connection.js';
import { describeFault } from './api/api-fault.js';
import { logEnd } from './read/log-end.js';
import { deleteMessage } from './streams/delete-message.js';
import { MessageReader } from './read/message-reader.js';
import { JetStreamRecordTable } from './records/jetstream-record-table.js';
import { Publisher, type ServerAnswer } from './publish/publisher.js';
import { replay } from './replay/replay-loop.js';
import { StoreNotFoundError } from './streams/stream-errors.js';
import { type OpenedStream, StreamWatch } from './streams/stream-watch.js';
import { listSubjects } from './streams/subject-names.js';
import { NatsError } from './connection/connection-errors.js';
import { deadlineOf } from '../log/read-deadline.js';
import { abortable } from '../kernel/abortable.js';
import type { Deadline } from '../kernel/deadline.js';
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
} from '../log/message-log.js';

/**
 * The log in a JetStream stream. It answers with {@link StoreNotFoundError} when the stream was deleted, or
 * created again under a process that uses it.
 */
export class JetStreamLog implements MessageLog {
  readonly name: string;
  readonly peers: CorePeers;
  readonly records: JetStreamRecordTable;
  readonly #connection: JetStreamConnection;
  readonly #reader: MessageReader;
  readonly #publisher: Publisher;
  readonly #watch: StreamWatch;
  readonly #epoch = new LogEpoch();

  constructor(connection: JetStreamConnection, stream: OpenedStream) {
    this.name = stream.name;
    this.#connection = connection;
    this.#watch = new StreamWatch(connection, stream);
    // no name of a store begins with _: no store captures it
    this.peers = new CorePeers(connection, `_JETSOURCE.peers.${stream.name}`);
    this.records = new JetStreamRecordTable(connection, stream.name);
    this.#reader = new MessageReader(connection, stream.name, this.#watch);
    this.#publisher = new Publisher(connection);
    connection.onReconnect(() => this.#epoch.begin());
  }

  get maxPayload(): number {
    return this.#connection.maxPayload;
  }

  get getsAtOnce(): number {
    return this.#reader.getsAtOnce;
  }

  get epoch(): number {
    return this.#epoch.current;
  }

  async publish(message: OutgoingMessage, deadline: Deadline, epoch: number): Promise<PublishAnswer> {
    const mark = this.#epoch.mark();
    const isStale = (): boolean => this.#epoch.hasLostSince(epoch);
    const guarded = this.#watch.guard(deadline);
    return this.#judged(await this.#publisher.publish(message, guarded, { isStale }), mark);
  }

  async publishBatch(
    messages: readonly OutgoingMessage[],
    deadline: Deadline,
    epoch: number,
  ): Promise<PublishAnswer> {
    const mark = this.#epoch.mark();
    const isStale = (): boolean => this.#epoch.hasLostSince(epoch);
    const guarded = this.#watch.guard(deadline);
    return this.#judged(await this.#publisher.publishBatch(messages, guarded, { isStale }), mark);
  }

  async last(subject: string, deadline = deadlineOf({})): Promise<StoredMessage | undefined> {
    return this.#watch.reading(deadline, async (guarded) => this.#reader.last(subject, guarded));
  }

  async lastAtLeader(subject: string, deadline = deadlineOf({})): Promise<StoredMessage | undefined> {
    const last = await this.#atLeader(deadline, async (guarded) =>
      this.#reader.lastAtLeader(subject, guarded),
    );
    // a stream that has lost its messages may be another one under the same name
    if (last === undefined) await this.#watch.confirmLately();
    return last;
  }

  async bySequences(
    sequences: readonly number[],
    options: ReadPatience & { readonly time: boolean },
  ): Promise<(StoredMessage | undefined)[]> {
    return this.#watch.reading(deadlineOf(options), async (deadline) =>
      this.#reader.bySequences(sequences, { ...options, deadline }),
    );
  }

  async bySequenceAtLeader(sequence: number, deadline = deadlineOf({})): Promise<SubjectMessage | undefined> {
    return this.#atLeader(deadline, async (guarded) => this.#reader.bySequenceAtLeader(sequence, guarded));
  }

  async nextAtLeader(
    subject: string,
    sequence: number,
    deadline = deadlineOf({}),
  ): Promise<StoredMessage | undefined> {
    return this.#atLeader(deadline, async (guarded) => this.#reader.nextAtLeader(subject, sequence, guarded));
  }

  scan(subject: string, fromSequence: number, options?: ReadPatience): AsyncIterable<StoredMessage> {
    return this.#reader.scan(subject, fromSequence, options);
  }

  async *replay(options: ReplayOptions): AsyncGenerator<ReplayBatch, void, void> {
    let interrupted = false;
    const onRecovery = (reason: string): void => {
      interrupted = true;
      // the server that held the consumer may have been started again, with an older copy
      this.#epoch.begin();
      options.onRecovery?.(reason);
    };
    await this.#confirmLately(options.signal);
    try {
      for await (const batch of replay(this.#connection, this.name, { ...options, onRecovery })) {
        // what was lost with the stream is a consumer, and a new one is made on any stream of that name
        if (interrupted) await this.#watch.confirm();
        interrupted = false;
        this.#epoch.saw(batch.messages.at(-1)?.sequence ?? 0);
        yield batch;
      }
    } catch (error) {
      if (error instanceof NatsError) await this.#confirmLately(options.signal);
      throw error;
    }
  }

  async subjectNames(filter: string, offset: number, deadline: Deadline): Promise<SubjectNames> {
    const query = { stream: this.name, filter, offset };
    return this.#watch.reading(deadline, async (guarded) => listSubjects(this.#connection, query, guarded));
  }

  async lastSequence(deadline: Deadline): Promise<number> {
    const mark = this.#epoch.mark();
    const { sequence } = await this.#atLeader(deadline, async (guarded) =>
      logEnd(this.#connection, this.name, { deadline: guarded }),
    );
    this.#epoch.endsAt(sequence, mark);
    return sequence;
  }

  async delete(sequence: number, deadline: Deadline): Promise<void> {
    const message = { stream: this.name, sequence };
    await this.#watch.reading(deadline, async (guarded) => deleteMessage(this.#connection, message, guarded));
  }

  onPossibleLoss(listener: () => void): () => void {
    return this.#epoch.onBegin(listener);
  }

  async close(): Promise<void> {
    await this.#connection.close();
  }

  /** Makes sure that the stream is the one that was opened, unless the caller gives up before. */
  async #confirmLately(signal: AbortSignal | undefined): Promise<void> {
    if (signal === undefined) return this.#watch.confirmLately();
    await abortable(this.#watch.confirmLately(), [signal]).catch((error: unknown) => {
      // the replay hears the signal by itself
      if (!signal.aborted) throw error;
    });
  }

  /** A read at the leader: its answer is a sign of life of the log. */
  async #atLeader<T>(deadline: Deadline, read: (guarded: Deadline) => Promise<T>): Promise<T> {
    const answer = await this.#watch.reading(deadline, read);
    this.#epoch.heard();
    return answer;
  }

  /** @param mark What was known of the log when it was sent. */
  async #judged(answer: ServerAnswer, mark: LogMark): Promise<PublishAnswer> {
    if (answer.kind === 'unanswered' && this.#watch.gone !== undefined) throw this.#watch.gone;
    if (answer.kind !== 'unanswered' && answer.kind !== 'stale') this.#epoch.heard();
    if (answer.kind === 'conflict') this.#watch.doubtOrder();
    if (answer.kind === 'stored') await this.#noteStored(answer.sequence, mark);
    return toAnswer(answer);
  }

  /** A sequence that is not above all before it comes from a log that lost its end, or from another one. */
  async #noteStored(sequence: number, mark: LogMark): Promise<void> {
    const epoch = this.#epoch.current;
    this.#epoch.stored(sequence, mark);
    if (this.#epoch.current === epoch) return;
    await this.#watch.confirm().catch((error: unknown) => {
      if (!(error instanceof StoreNotFoundError)) throw error;
      const reason = `${error.reason}; what was appended is in that one, at sequence ${sequence}`;
      throw new StoreNotFoundError({ store: error.store, reason, outcome: 'unknown' });
    });
  }
}

function toAnswer(answer: ServerAnswer): PublishAnswer {
  if (answer.kind !== 'refused') return answer;
  return { kind: 'refused', reason: describeFault(answer.fault), resent: answer.resent };
}
