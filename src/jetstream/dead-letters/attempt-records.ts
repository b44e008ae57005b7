import { v4 as randomUuid } from 'uuid';
import { Deadline } from '../../kernel/deadline.js';
import { ApiCode } from '../api/api-codes.js';
import { findValue } from '../connection/expect-value.js';
import type { JetStreamConnection } from '../connection/jetstream-connection.js';
import type { RestoringPublisher } from '../publish/restoring-publisher.js';
import { deleteMessage } from '../streams/delete-message.js';

const TIMEOUT_MS = 5_000;

const utf8 = new TextEncoder();
const text = new TextDecoder();

/** The attempts at a message that have been made so far, by all processes. */
export interface AttemptRecord {
  readonly attempts: number;
  /** How the last of them ended. */
  readonly last: string;
  /** Whether no further attempt is to be made. @default false */
  readonly isGivenUp?: boolean | undefined;
}

/** A record in the stream. */
export interface KeptRecord extends AttemptRecord {
  readonly sequence: number;
}

/**
 * The attempts at messages, kept beside the dead letters. The server counts deliveries, and a delivery is not
 * an attempt: an instance that shuts down hands back what it has not handled.
 */
export class AttemptRecords {
  readonly #connection: JetStreamConnection;
  readonly #stream: string;
  readonly #publisher: RestoringPublisher;

  constructor(connection: JetStreamConnection, stream: string, publisher: RestoringPublisher) {
    this.#connection = connection;
    this.#stream = stream;
    this.#publisher = publisher;
  }

  /** @param key Tokens of a subject that name the consumer and the message. */
  async find(key: string): Promise<KeptRecord | undefined> {
    const action = `reading attempts of ${this.#stream}`;
    const query = { last_by_subj: this.#subject(key) };
    const found = await this.#connection.api.message(this.#stream, query, new Deadline(TIMEOUT_MS));
    if (!found.ok && found.fault.err_code === ApiCode.streamNotFound) return undefined;
    const message = findValue(found, ApiCode.messageNotFound, action);
    if (message === undefined) return undefined;
    return { ...(JSON.parse(text.decode(message.data)) as AttemptRecord), sequence: message.sequence };
  }

  /**
   * The key of the record that was kept last, of those that begin with these tokens and have more; undefined when
   * there is none.
   */
  async lastKeyIn(tokens: string): Promise<string | undefined> {
    const action = `reading attempts of ${this.#stream}`;
    const query = { last_by_subj: this.#subject(`${tokens}.>`) };
    const found = await this.#connection.api.message(this.#stream, query, new Deadline(TIMEOUT_MS));
    if (!found.ok && found.fault.err_code === ApiCode.streamNotFound) return undefined;
    const message = findValue(found, ApiCode.messageNotFound, action);
    return message?.subject.slice(this.#subject('').length);
  }

  /**
   * Keeps a record.
   *
   * @param before Sequence of the record that it takes the place of.
   * @returns its sequence.
   */
  async keep(key: string, record: AttemptRecord, before: number | undefined): Promise<number> {
    const request = {
      subject: this.#subject(key),
      payload: utf8.encode(JSON.stringify(record)),
      headers: {},
      messageId: randomUuid(),
      expect: { streamName: this.#stream },
    };
    const { seq: sequence } = await this.#publisher.publish(request, new Deadline(TIMEOUT_MS));
    if (before !== undefined) await this.remove(before);
    return sequence;
  }

  async remove(sequence: number): Promise<void> {
    await deleteMessage(this.#connection, { stream: this.#stream, sequence }, new Deadline(TIMEOUT_MS));
  }

  #subject(key: string): string {
    return `_dead.${this.#stream}.attempts.${key}`;
  }
}
