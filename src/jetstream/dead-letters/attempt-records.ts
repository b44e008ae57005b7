import { Deadline } from '../../kernel/deadline.js';
import { ApiCode } from '../api/api-codes.js';
import { findValue } from '../connection/expect-value.js';
import type { JetStreamConnection } from '../connection/jetstream-connection.js';
import { IdempotentPublisher } from '../publish/idempotent-publisher.js';
import { deleteMessage } from '../streams/delete-message.js';

const TIMEOUT_MS = 5_000;

const utf8 = new TextEncoder();
const text = new TextDecoder();

/** The attempts at a message that have been made so far, by all processes. */
export interface AttemptRecord {
  readonly attempts: number;
  /** How the last of them ended. */
  readonly last: string;
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
  readonly #publisher: IdempotentPublisher;

  constructor(connection: JetStreamConnection, stream: string) {
    this.#connection = connection;
    this.#stream = stream;
    this.#publisher = new IdempotentPublisher(connection);
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

  /** Keeps a record in place of the one before. */
  async keep(key: string, record: AttemptRecord, before: KeptRecord | undefined): Promise<KeptRecord> {
    const { seq: sequence } = await this.#publisher.publish(
      {
        subject: this.#subject(key),
        payload: utf8.encode(JSON.stringify(record)),
        headers: {},
        messageId: `attempts.${key}.${record.attempts}.${before?.sequence ?? 0}`,
        expect: { streamName: this.#stream },
      },
      new Deadline(TIMEOUT_MS),
    );
    if (before !== undefined) await this.remove(before);
    return { ...record, sequence };
  }

  async remove({ sequence }: KeptRecord): Promise<void> {
    await deleteMessage(this.#connection, { stream: this.#stream, sequence }, new Deadline(TIMEOUT_MS));
  }

  #subject(key: string): string {
    return `_dead.${this.#stream}.attempts.${key}`;
  }
}
