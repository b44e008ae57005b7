import type { MsgHdrs } from '@nats-io/transport-node';
import { Deadline } from '../../kernel/deadline.js';
import { DeadLetterNotFoundError } from './dead-letter-errors.js';
import { ApiCode } from '../api/api-codes.js';
import { AttemptRecords } from './attempt-records.js';
import {
  type DeadLetterFacts,
  fromLetter,
  type MessageParts,
  originalHeaders,
  toLetter,
} from './dead-letter.js';
import { shortError } from './dead-letter-error.js';
import { deleteMessage } from '../streams/delete-message.js';
import { isServerHeader } from '../api/server-headers.js';
import { findValue } from '../connection/expect-value.js';
import type { JetStreamConnection } from '../connection/jetstream-connection.js';
import type { HeaderValues } from '../../log/message-log.js';
import { RestoringPublisher } from '../publish/restoring-publisher.js';
import type { PublishRequest } from '../publish/publish-request.js';
import { sizeOf } from '../../log/message-size.js';

const TIMEOUT_MS = 10_000;
/** What the publisher adds. */
const PUBLISH_HEADERS_BYTES = 512;

/** What a handler gave up on. */
export interface DeadLetter extends DeadLetterFacts {
  /** Its number: the sequence in the dead-letter stream. */
  readonly number: number;
  /** When the handler gave up. */
  readonly time: Date;
  /**
   * The original's headers, and those of the letter. Those that the server would act upon have the prefix
   * `Original-`.
   */
  readonly headers: MsgHdrs;
  /**
   * The original's body. Empty for an event of an event store, and for one that would have been too large with
   * what the letter adds, from a JetStream stream that keeps all its messages. Those are read from their stream
   * again when they are redriven.
   */
  readonly data: Uint8Array;
}

/** Which dead letters are meant. */
export interface DeadLetterQuery {
  /** Those of that consumer, which is one handler's. @default all */
  readonly consumer?: string | undefined;
  /** Those from that number on. @default 1 */
  readonly from?: number | undefined;
}

/** Subjects that a dead-letter stream captures. */
export function deadLetterSubjects(stream: string): string {
  return `_dead.${stream}.>`;
}

/** Where a consumer gets back what was redriven. */
export function redriveSubject(stream: string, consumer: string): string {
  return `_dead.${stream}.redrive.${consumer}`;
}

/** A stream of what handlers gave up on. */
export class DeadLetterStream {
  readonly name: string;
  /** The attempts at messages that may become letters. */
  readonly attempts: AttemptRecords;
  readonly #connection: JetStreamConnection;
  readonly #publisher: RestoringPublisher;

  /** @param create Creates the stream again when it is gone and something is to be kept. */
  constructor(connection: JetStreamConnection, name: string, create?: () => Promise<void>) {
    this.name = name;
    this.#connection = connection;
    const restorable = create && { captures: () => true, ensure: create };
    this.#publisher = new RestoringPublisher(connection, restorable);
    this.attempts = new AttemptRecords(connection, name, this.#publisher);
  }

  /**
   * Keeps a message. It is kept once, however often this is repeated.
   *
   * @param death What distinguishes this end of the message from others of the same one.
   * @throws {@link PayloadTooLargeError} when it is too large with what the letter adds, also with little of
   * the error.
   */
  async put(facts: DeadLetterFacts, original: MessageParts, death: string): Promise<void> {
    const whole = this.#request(facts, original, death);
    const request = this.#fits(whole)
      ? whole
      : this.#request({ ...facts, error: shortError(facts.error) }, original, death);
    await this.#publisher.publish(request, new Deadline(TIMEOUT_MS));
  }

  /** The letters, oldest first; those of one consumer, or of all. */
  async *list({ consumer = '*', from = 1 }: DeadLetterQuery = {}): AsyncGenerator<DeadLetter, void, void> {
    const subject = this.#letterSubject(consumer);
    for (let next = from; ;) {
      const letter = await this.#read({ seq: next, next_by_subj: subject });
      if (letter === undefined) return;
      yield letter;
      next = letter.number + 1;
    }
  }

  /** @throws {@link DeadLetterNotFoundError} when there is none of that number. */
  async get(number: number): Promise<DeadLetter> {
    const [letter] = await first(this.list({ from: number }));
    if (letter?.number === number) return letter;
    throw new DeadLetterNotFoundError({
      stream: this.name,
      reason: `nothing is kept under number ${number}`,
    });
  }

  /**
   * Gives a letter back to the handler that gave up on it, and to no other; its attempts are counted from the
   * start. Repeated after a crash it comes once.
   *
   * @throws {@link DeadLetterNotFoundError} when there is none of that number.
   */
  async redrive(number: number): Promise<DeadLetter> {
    const letter = await this.get(number);
    const { headers, data } = toLetter(letter, { ...letter, headers: originalHeaders(letter.headers) });
    const request = {
      subject: redriveSubject(this.name, letter.consumer),
      payload: data,
      headers: withoutReserved(headers),
      messageId: `redrive.${number}`,
      expect: { streamName: this.name },
    };
    await this.#publisher.publish(request, new Deadline(TIMEOUT_MS));
    await this.remove(number);
    return letter;
  }

  /**
   * Removes a letter, or a redriven one that was handled; its bytes are overwritten on the disk. One that is
   * gone already is fine.
   */
  async remove(number: number): Promise<void> {
    await deleteMessage(this.#connection, { stream: this.name, sequence: number }, new Deadline(TIMEOUT_MS));
  }

  #request(facts: DeadLetterFacts, original: MessageParts, death: string): PublishRequest {
    const { headers, data } = toLetter(facts, original);
    return {
      subject: this.#letterSubject(facts.consumer),
      payload: data,
      headers: toValues(headers),
      messageId: `dead.${death}`,
      expect: { streamName: this.name },
    };
  }

  #fits({ subject, payload, headers }: PublishRequest): boolean {
    return sizeOf({ subject, payload, headers }) + PUBLISH_HEADERS_BYTES <= this.#connection.maxPayload;
  }

  /** The consumers that something was redriven to which is not handled yet. */
  async redriven(): Promise<readonly string[]> {
    const filter = redriveSubject(this.name, '*');
    const found = await this.#connection.api.streamSubjects(this.name, { filter }, new Deadline(TIMEOUT_MS));
    const page = findValue(found, ApiCode.streamNotFound, `looking for what is redriven in ${this.name}`);
    return (page?.subjects ?? []).map((subject) => subject.slice(filter.length - 1));
  }

  /** How many letters there are of each consumer, in one request. */
  async counts(): Promise<ReadonlyMap<string, number>> {
    const filter = this.#letterSubject('*');
    const found = await this.#connection.api.streamSubjects(this.name, { filter }, new Deadline(TIMEOUT_MS));
    const page = findValue(found, ApiCode.streamNotFound, `counting dead letters of ${this.name}`);
    const counts = Object.entries(page?.counts ?? {});
    return new Map(counts.map(([subject, count]) => [subject.slice(filter.length - 1), count]));
  }

  #letterSubject(consumer: string): string {
    return `_dead.${this.name}.letter.${consumer}`;
  }

  /** The first letter that the query finds; what is none is passed over. */
  async #read(query: {
    readonly seq: number;
    readonly next_by_subj: string;
  }): Promise<DeadLetter | undefined> {
    const found = await this.#connection.api.message(this.name, query, new Deadline(TIMEOUT_MS));
    if (!found.ok && found.fault.err_code === ApiCode.streamNotFound) {
      const reason = 'that stream does not exist; is it the name that the service uses?';
      throw new DeadLetterNotFoundError({ stream: this.name, reason });
    }
    const message = findValue(found, ApiCode.messageNotFound, `reading dead letters of ${this.name}`);
    if (message === undefined) return undefined;
    const { sequence, time } = message;
    const letter = fromLetter(message);
    if (letter === undefined) return this.#read({ ...query, seq: sequence + 1 });
    const { data } = letter.original;
    return { ...letter.facts, data, headers: message.headers, number: sequence, time: new Date(time) };
  }
}

async function first<T>(items: AsyncIterable<T>): Promise<T[]> {
  for await (const item of items) return [item];
  return [];
}

function toValues(headers: MsgHdrs): HeaderValues {
  return Object.fromEntries(headers.keys().map((name) => [name, headers.values(name)]));
}

function withoutReserved(headers: MsgHdrs): HeaderValues {
  const values = Object.entries(toValues(headers));
  return Object.fromEntries(values.filter(([name]) => !isServerHeader(name)));
}
