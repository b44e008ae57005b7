import type { StreamName } from '../../event/stream-name.js';
import { subjectOf } from '../../event/subject.js';
import { slotOf } from '../../event/slot.js';
import type { JetStreamConnection } from '../../jetstream/connection/jetstream-connection.js';
import { deleteMessage } from '../../jetstream/streams/delete-message.js';
import { MessageReader } from '../../jetstream/read/message-reader.js';
import { listSubjects } from '../../jetstream/streams/subject-names.js';
import type { OutgoingMessage } from '../../jetstream/publish/publisher.js';
import { Deadline } from '../../kernel/deadline.js';
import { GUARD } from './commit-message.js';
import type { StreamEnd } from './stream-end.js';

/** The category of these messages, which are no commits. */
export const CHECK_CATEGORY = '$check';
const DELETE_TIMEOUT_MS = 5_000;

const utf8 = new TextEncoder();

/**
 * Messages that carry the check of a stream which a transaction does not write: the guard of an end-of-batch message would be ignored, so a check
 * needs a message of its own. Every reader skips them; they are deleted once the transaction has been settled.
 */
export class CheckMessages {
  readonly #connection: JetStreamConnection;
  readonly #store: string;

  constructor(connection: JetStreamConnection, store: string) {
    this.#connection = connection;
    this.#store = store;
  }

  /** The message that makes its batch fail unless the stream ends with that tail. */
  make(transaction: string, index: number, stream: StreamName, tail: StreamEnd): OutgoingMessage {
    return {
      subject: `${this.#store}.${slotOf(stream)}.${CHECK_CATEGORY}.${transaction}-${index}`,
      payload: utf8.encode(JSON.stringify({ format: 1, check: [stream.category, stream.id], transaction })),
      headers: {
        [GUARD]: String(tail.sequence),
        [`${GUARD}-Subject`]: subjectOf(this.#store, stream),
      },
    };
  }

  /** Deletes in the background what has done its work. What stays (no permission, no server) is harmless, and swept. */
  discard(sequences: readonly number[]): void {
    for (const sequence of sequences) void this.#delete(sequence).catch(() => undefined);
  }

  /** Deletes what was left behind longer ago than that. */
  async sweep(olderThanMs: number): Promise<number> {
    const reader = new MessageReader(this.#connection, this.#store);
    let swept = 0;
    for (const subject of await this.#subjects()) {
      const message = await reader.lastAtLeader(subject);
      if (message === undefined || Date.now() - (message.time ?? 0) < olderThanMs) continue;
      await this.#delete(message.sequence);
      swept += 1;
    }
    return swept;
  }

  async #subjects(): Promise<readonly string[]> {
    const filter = `${this.#store}.*.${CHECK_CATEGORY}.*`;
    const query = { stream: this.#store, filter, offset: 0 };
    return (await listSubjects(this.#connection, query, new Deadline(DELETE_TIMEOUT_MS))).subjects;
  }

  async #delete(sequence: number): Promise<void> {
    await deleteMessage(this.#connection, { stream: this.#store, sequence }, new Deadline(DELETE_TIMEOUT_MS));
  }
}
