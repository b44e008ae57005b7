import type { DeliveredMessage } from '../../jetstream/consume/delivered-message.js';
import {
  deadLetterFacts,
  type DeadLetterFacts,
  originalHeaders,
  toDeadLetterError,
} from '../../jetstream/dead-letters/dead-letter.js';
import { fromNanoTime, toNanoTime } from '../../jetstream/consume/nano-time.js';
import type { DeliveryLog } from '../delivery-log.js';
import { deliveryKey, type MessageOrigin } from './message-origin.js';
import type { ParkingPlace } from './parking-place.js';

/** When a message cannot be parked, it is delivered again after this long, in milliseconds. */
export const UNPARKED_RETRY_MS = 5_000;

const EMPTY = new Uint8Array();

/**
 * What becomes of a message's body when it is parked. `copied`: it is parked too, unless it is too large.
 * `referenced`: it is not parked and is read from the log when the message is redriven, so erased data does
 * not survive in a dead letter. `absent`: the consumer delivers headers only.
 */
export type ParkedBody = 'copied' | 'referenced' | 'absent';

/** What the parking of one consumer's messages needs. */
export interface ParkingOptions {
  /** Undefined where nothing is kept: a message that is given up is dropped. */
  readonly place: ParkingPlace | undefined;
  /** Name of the consumer in dead letters. */
  readonly consumer: string;
  /** How the handler is called in dead letters. */
  readonly handler: string;
  readonly body: ParkedBody;
  /** The body of a message of the log, undefined when it was removed. */
  readonly readBody: (sequence: number) => Promise<Uint8Array | undefined>;
  readonly log: DeliveryLog;
}

/** A message, or one event of a commit, that no further attempt is made at. */
export interface GivenUp {
  readonly message: DeliveredMessage;
  readonly origin: MessageOrigin;
  /** The event of the commit; undefined for the whole message. */
  readonly eventId: string | undefined;
  readonly attempts: number;
  /** What ended the attempts: an error, or a text. */
  readonly error: unknown;
}

/** The original of a parked message, as the handler gets it again. */
export interface Original {
  readonly message: DeliveredMessage;
  readonly origin: MessageOrigin;
}

/** Parks what a handler could not process, and restores it when it is redriven. */
export class Parking {
  readonly #options: ParkingOptions;

  constructor(options: ParkingOptions) {
    this.#options = options;
  }

  /**
   * Parks a message and ends its delivery; without a parking place it is dropped. A message that cannot be
   * parked is handed back, so that it is delivered again.
   *
   * @returns whether the delivery has ended.
   */
  async park(givenUp: GivenUp): Promise<boolean> {
    const { place, log } = this.#options;
    const { message, attempts, error } = givenUp;
    const outcome = place === undefined ? 'dropped' : `kept as a dead letter in ${place.name}`;
    try {
      await this.#put(givenUp);
      const { message: reason } = toDeadLetterError(error);
      log.error(message, `was given up after ${attempts} attempts and ${outcome}: ${reason}`);
      message.term(outcome);
      return true;
    } catch (cause) {
      log.error(message, `was given up, and cannot be kept: ${(cause as Error).message}`);
      message.nak(UNPARKED_RETRY_MS);
      return false;
    }
  }

  /** The original of a redriven message; undefined when its body is gone. */
  async originalOf(message: DeliveredMessage): Promise<Original | undefined> {
    const facts = deadLetterFacts(message.headers);
    if (facts === undefined) return undefined;
    const { stream: log, sequence, subject, eventId, storedAt } = facts;
    const data = await this.#originalBody(message, sequence);
    if (data === undefined) return undefined;
    const content = { subject, headers: originalHeaders(message.headers), data };
    const timestampNanos = fromNanoTime(storedAt ?? '');
    const original = message.as(content, { stream: log, sequence, timestampNanos });
    return { message: original, origin: { log, sequence, eventId } };
  }

  /** Removes a redriven message that was handled. */
  async remove({ seq }: DeliveredMessage): Promise<void> {
    await this.#options.place?.remove(seq);
  }

  async #put({ message, origin, eventId, attempts, error }: GivenUp): Promise<void> {
    const { place, consumer, handler, body } = this.#options;
    const facts: DeadLetterFacts = {
      subject: message.subject,
      stream: origin.log,
      sequence: origin.sequence,
      storedAt: toNanoTime(message.timestampNanos),
      consumer,
      pattern: handler,
      attempts,
      error: toDeadLetterError(error),
      eventId,
    };
    const original = { headers: message.headers, data: body === 'referenced' ? EMPTY : message.data };
    await place?.put(facts, original, [deliveryKey(message), consumer, eventId].join('.'));
  }

  async #originalBody({ data }: DeliveredMessage, sequence: number): Promise<Uint8Array | undefined> {
    const { body, readBody } = this.#options;
    if (body === 'referenced') return readBody(sequence);
    // a message that was too large with the headers of a dead letter was parked without its body
    const isCut = body === 'copied' && data.length === 0;
    return isCut ? ((await readBody(sequence)) ?? data) : data;
  }
}
