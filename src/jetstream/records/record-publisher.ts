import { v4 as randomUuid } from 'uuid';
import type { Deadline } from '../../kernel/deadline.js';
import { sleep } from '../../kernel/sleep.js';
import type { OutgoingMessage } from '../../log/message-log.js';
import { sizeOf } from '../../log/message-size.js';
import { ApiCode, FORBIDDEN } from '../api/api-codes.js';
import { describeFault } from '../api/api-fault.js';
import { ServerHeader } from '../api/server-headers.js';
import { NatsError } from '../connection/connection-errors.js';
import { findValue } from '../connection/expect-value.js';
import type { JetStreamConnection } from '../connection/jetstream-connection.js';
import { Publisher, type ServerAnswer } from '../publish/publisher.js';
import { PayloadTooLargeError } from '../publish/publish-errors.js';
import type { TimedMessage } from './list-messages.js';
import type { RecordStream } from './record-stream.js';

/** The part of a deadline that is left for reading what became of a write that was not answered. */
const SETTLE_MS = 3_000;
const PAUSE_MS = 50;

/** A message that takes the place of the record's last one. */
export interface RecordMessage {
  readonly key: string;
  readonly payload: Uint8Array;
  /** Sequence of the subject's last message; 0 for none. */
  readonly after: number;
  /** How long it is kept, in milliseconds. @default for ever */
  readonly ttlMs?: number | undefined;
}

/** The last message of a record. */
export interface LastMessage extends TimedMessage {
  readonly messageId: string;
}

/** Writes messages of a record stream, each guarded by the last one of its subject. */
export class RecordPublisher {
  readonly #connection: JetStreamConnection;
  readonly #stream: RecordStream;
  readonly #publisher: Publisher;

  constructor(connection: JetStreamConnection, stream: RecordStream) {
    this.#connection = connection;
    this.#stream = stream;
    this.#publisher = new Publisher(connection);
  }

  /**
   * @returns the sequence; undefined when the guard does not hold.
   * @throws {@link NatsError} with the outcome `unknown` when it may have been stored.
   * @throws {@link PayloadTooLargeError} when the server does not take messages of that size.
   */
  async publish(record: RecordMessage, deadline: Deadline): Promise<number | undefined> {
    const messageId = randomUuid();
    const message = this.#toMessage(record, messageId);
    const sending = deadline.atMost(Math.max(1, deadline.leftMs - SETTLE_MS));
    do {
      await this.#stream.ensure(deadline);
      const answer = await this.#publisher.publish(message, sending, { untilServed: false });
      const isUnserved = answer.kind === 'unanswered' && answer.sure;
      if (!isUnserved) return this.#judged(answer, { record, messageId, deadline });
      this.#stream.doubt();
      await sleep(Math.min(PAUSE_MS, deadline.leftMs), deadline.signal);
    } while (!sending.passed);
    deadline.signal?.throwIfAborted();
    throw this.#connection.unanswered(message.subject, `nobody took it within ${sending.totalMs} ms`);
  }

  /** The last message of a record, read from the leader. */
  async last(key: string, deadline: Deadline): Promise<LastMessage | undefined> {
    const query = { last_by_subj: this.#stream.subjectOf(key) };
    for (;;) {
      await this.#stream.ensure(deadline);
      const found = await this.#connection.api.message(this.#stream.name, query, deadline);
      if (found.ok || found.fault.err_code !== ApiCode.streamNotFound || deadline.passed) {
        const message = findValue(found, ApiCode.messageNotFound, `reading record ${key}`);
        if (message === undefined) return undefined;
        const { subject, sequence, data, time, headers } = message;
        return { subject, sequence, data, time, messageId: headers.get(ServerHeader.messageId) };
      }
      this.#stream.doubt();
      await sleep(Math.min(PAUSE_MS, deadline.leftMs), deadline.signal);
    }
  }

  #toMessage({ key, payload, after, ttlMs }: RecordMessage, messageId: string): OutgoingMessage {
    const subject = this.#stream.subjectOf(key);
    const headers = {
      [ServerHeader.messageId]: messageId,
      [ServerHeader.expectedLastSubjectSequence]: String(after),
      // the server counts in seconds
      ...(ttlMs !== undefined && { [ServerHeader.ttl]: `${Math.max(1, Math.ceil(ttlMs / 1_000))}s` }),
    };
    const message = { subject, payload, headers };
    const size = sizeOf(message);
    const limit = this.#connection.maxPayload;
    if (size > limit) throw new PayloadTooLargeError({ stream: subject, size, limit });
    return message;
  }

  async #judged(answer: ServerAnswer, sent: Sent): Promise<number | undefined> {
    switch (answer.kind) {
      case 'stored':
        return answer.sequence;
      case 'duplicate':
        return answer.sequence === 0 ? this.#settle(sent) : answer.sequence;
      case 'conflict':
        return answer.resent ? this.#settle(sent) : undefined;
      case 'refused': {
        const { fault, resent } = answer;
        const { description = 'unknown error' } = fault;
        const reason = fault.code === FORBIDDEN ? description : describeFault(fault);
        const outcome = resent ? 'unknown' : 'not-applied';
        throw new NatsError(`writing record ${sent.record.key}: ${reason}`, { outcome });
      }
      case 'unanswered':
      case 'stale':
        return this.#settle(sent);
    }
  }

  /** An earlier send may have been stored: the last message tells, unless it is still the one before. */
  async #settle({ record, messageId, deadline }: Sent): Promise<number | undefined> {
    const unknown = (cause?: unknown): NatsError =>
      new NatsError(`no answer whether record ${record.key} was written; read it before it is used`, {
        outcome: 'unknown',
        cause,
      });
    const last = await this.last(record.key, deadline).catch((cause: unknown) => {
      throw unknown(cause);
    });
    if (last?.messageId === messageId) return last.sequence;
    if ((last?.sequence ?? 0) !== record.after) return undefined;
    // it may still be on its way
    throw unknown();
  }
}

/** A write that was sent. */
interface Sent {
  readonly record: RecordMessage;
  readonly messageId: string;
  readonly deadline: Deadline;
}
