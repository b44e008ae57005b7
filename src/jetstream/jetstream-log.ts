import { LogEpoch, type LogMark } from '../log/log-epoch.js';
import type { JetStreamConnection } from './connection/jetstream-connection.js';
import { describeFault } from './api/api-fault.js';
import { logEnd } from './read/log-end.js';
import { deleteMessage } from './streams/delete-message.js';
import { MessageReader } from './read/message-reader.js';
import { Publisher, type ServerAnswer } from './publish/publisher.js';
import { replay } from './replay/replay-loop.js';
import { listSubjects } from './streams/subject-names.js';
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

/** The log in a JetStream stream. */
export class JetStreamLog implements MessageLog {
  readonly name: string;
  readonly #connection: JetStreamConnection;
  readonly #reader: MessageReader;
  readonly #publisher: Publisher;
  readonly #epoch = new LogEpoch();

  constructor(connection: JetStreamConnection, name: string) {
    this.name = name;
    this.#connection = connection;
    this.#reader = new MessageReader(connection, name);
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
    const isStale = (): boolean => this.#epoch.current !== epoch;
    return this.#noted(await this.#publisher.publish(message, deadline, { isStale }), mark);
  }

  async publishBatch(
    messages: readonly OutgoingMessage[],
    deadline: Deadline,
    epoch: number,
  ): Promise<PublishAnswer> {
    const mark = this.#epoch.mark();
    const isStale = (): boolean => this.#epoch.current !== epoch;
    return this.#noted(await this.#publisher.publishBatch(messages, deadline, { isStale }), mark);
  }

  async last(subject: string, deadline?: Deadline): Promise<StoredMessage | undefined> {
    return this.#reader.last(subject, deadline);
  }

  async lastAtLeader(subject: string, deadline?: Deadline): Promise<StoredMessage | undefined> {
    return this.#heard(await this.#reader.lastAtLeader(subject, deadline));
  }

  async bySequences(
    sequences: readonly number[],
    options: ReadPatience & { readonly time: boolean },
  ): Promise<(StoredMessage | undefined)[]> {
    return this.#reader.bySequences(sequences, options);
  }

  async bySequenceAtLeader(sequence: number, deadline?: Deadline): Promise<SubjectMessage | undefined> {
    return this.#heard(await this.#reader.bySequenceAtLeader(sequence, deadline));
  }

  async nextAtLeader(
    subject: string,
    sequence: number,
    deadline?: Deadline,
  ): Promise<StoredMessage | undefined> {
    return this.#heard(await this.#reader.nextAtLeader(subject, sequence, deadline));
  }

  scan(subject: string, fromSequence: number, options?: ReadPatience): AsyncIterable<StoredMessage> {
    return this.#reader.scan(subject, fromSequence, options);
  }

  async *replay(options: ReplayOptions): AsyncGenerator<ReplayBatch, void, void> {
    const onRecovery = (reason: string): void => {
      // the server that held the consumer may have been started again, with an older copy
      this.#epoch.begin();
      options.onRecovery?.(reason);
    };
    for await (const batch of replay(this.#connection, this.name, { ...options, onRecovery })) {
      this.#epoch.saw(batch.messages.at(-1)?.sequence ?? 0);
      yield batch;
    }
  }

  async subjectNames(filter: string, offset: number, deadline: Deadline): Promise<SubjectNames> {
    return listSubjects(this.#connection, { stream: this.name, filter, offset }, deadline);
  }

  async lastSequence(deadline: Deadline): Promise<number> {
    const mark = this.#epoch.mark();
    const { sequence } = this.#heard(await logEnd(this.#connection, this.name, { deadline }));
    this.#epoch.endsAt(sequence, mark);
    return sequence;
  }

  async delete(sequence: number, deadline: Deadline): Promise<void> {
    await deleteMessage(this.#connection, { stream: this.name, sequence }, deadline);
  }

  onPossibleLoss(listener: () => void): () => void {
    return this.#epoch.onBegin(listener);
  }

  async close(): Promise<void> {
    await this.#connection.close();
  }

  #heard<T>(answer: T): T {
    this.#epoch.heard();
    return answer;
  }

  #noted(answer: ServerAnswer, before: LogMark): PublishAnswer {
    if (answer.kind !== 'unanswered' && answer.kind !== 'stale') this.#epoch.heard();
    if (answer.kind === 'stored') this.#epoch.stored(answer.sequence, before);
    return toAnswer(answer);
  }
}

function toAnswer(answer: ServerAnswer): PublishAnswer {
  if (answer.kind !== 'refused') return answer;
  return { kind: 'refused', reason: describeFault(answer.fault), resent: answer.resent };
}
