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

  constructor(connection: JetStreamConnection, name: string) {
    this.name = name;
    this.#connection = connection;
    this.#reader = new MessageReader(connection, name);
    this.#publisher = new Publisher(connection);
  }

  get maxPayload(): number {
    return this.#connection.maxPayload;
  }

  get getsAtOnce(): number {
    return this.#reader.getsAtOnce;
  }

  async publish(message: OutgoingMessage, deadline: Deadline): Promise<PublishAnswer> {
    return toAnswer(await this.#publisher.publish(message, deadline));
  }

  async publishBatch(messages: readonly OutgoingMessage[], deadline: Deadline): Promise<PublishAnswer> {
    return toAnswer(await this.#publisher.publishBatch(messages, deadline));
  }

  async last(subject: string, deadline?: Deadline): Promise<StoredMessage | undefined> {
    return this.#reader.last(subject, deadline);
  }

  async lastAtLeader(subject: string, deadline?: Deadline): Promise<StoredMessage | undefined> {
    return this.#reader.lastAtLeader(subject, deadline);
  }

  async bySequences(
    sequences: readonly number[],
    options: ReadPatience & { readonly time: boolean },
  ): Promise<(StoredMessage | undefined)[]> {
    return this.#reader.bySequences(sequences, options);
  }

  async bySequenceAtLeader(sequence: number, deadline?: Deadline): Promise<SubjectMessage | undefined> {
    return this.#reader.bySequenceAtLeader(sequence, deadline);
  }

  async nextAtLeader(
    subject: string,
    sequence: number,
    deadline?: Deadline,
  ): Promise<StoredMessage | undefined> {
    return this.#reader.nextAtLeader(subject, sequence, deadline);
  }

  scan(subject: string, fromSequence: number, options?: ReadPatience): AsyncIterable<StoredMessage> {
    return this.#reader.scan(subject, fromSequence, options);
  }

  replay(options: ReplayOptions): AsyncIterable<ReplayBatch> {
    return replay(this.#connection, this.name, options);
  }

  async subjectNames(filter: string, offset: number, deadline: Deadline): Promise<SubjectNames> {
    return listSubjects(this.#connection, { stream: this.name, filter, offset }, deadline);
  }

  async lastSequence(deadline: Deadline): Promise<number> {
    const { sequence } = await logEnd(this.#connection, this.name, { deadline });
    return sequence;
  }

  async delete(sequence: number, deadline: Deadline): Promise<void> {
    await deleteMessage(this.#connection, { stream: this.name, sequence }, deadline);
  }

  onReconnect(listener: () => void): () => void {
    return this.#connection.onReconnect(listener);
  }

  async close(): Promise<void> {
    await this.#connection.close();
  }
}

function toAnswer(answer: ServerAnswer): PublishAnswer {
  if (answer.kind !== 'refused') return answer;
  return { kind: 'refused', reason: describeFault(answer.fault), resent: answer.resent };
}
