import { ConsumerSettingsError } from '../../jetstream/consume/consumer-errors.js';
import type { DeliveredMessage } from '../../jetstream/consume/delivered-message.js';
import {
  type DeadLetterFacts,
  fromLetter,
  type MessageParts,
} from '../../jetstream/dead-letters/dead-letter.js';
import { type DeadLetterError, toDeadLetterError } from '../../jetstream/dead-letters/dead-letter-error.js';
import { PayloadTooLargeError } from '../../jetstream/publish/publish-errors.js';
import { fromNanoTime, toNanoTime } from '../../jetstream/consume/nano-time.js';
import type { DeliveryLog } from '../delivery-log.js';
import { deliveryKey, type MessageOrigin } from './message-origin.js';
import type { ParkingPlace } from './parking-place.js';

/** When a message cannot be parked, it is delivered again after this long, in milliseconds. */
export const UNPARKED_RETRY_MS = 5_000;

const EMPTY = new Uint8Array();

/**
 * What becomes of a message's body when it is parked. `copied`: it is parked too. `referenced`: it is not
 * parked and is read from the log when the message is redriven, so erased data does not survive in a dead
 * letter. `absent`: the consumer delivers headers only. A body that is too large with what the letter adds,
 * or absent, is referenced if the log keeps all its messages.
 */
export type ParkedBody = 'copied' | 'referenced' | 'absent';

/** What the parking of one consumer's messages needs. */
export interface ParkingOptions {
  /** Undefined where nothing is kept: a message that is given up is dropped. */
  readonly place: ParkingPlace | undefined;
  /** The JetStream stream whose messages are parked. */
  readonly stream: string;
  /** Name of the consumer in dead letters. */
  readonly consumer: string;
  /** How the handler is called in dead letters. */
  readonly handler: string;
  readonly body: ParkedBody;
  /** The body of a message of the log, undefined when it was removed. */
  readonly readBody: (sequence: number) => Promise<Uint8Array | undefined>;
  /** Whether the log keeps a message after its delivery has ended. */
  readonly logKeepsAll: () => Promise<boolean>;
  /** Told of each message whose delivery has ended. */
  readonly onParked: (givenUp: GivenUp, error: DeadLetterError) => void;
  /** Told of each message that could not be parked. @default nobody */
  readonly onUnparked?: ((givenUp: GivenUp, error: Error) => void) | undefined;
  /** Whether a message that cannot be parked stays with its holder. @default false: it is handed back */
  readonly keepsUnparked?: boolean | undefined;
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
   * parked is handed back, so that it is delivered again, or stays with its holder. So is one whose body is too
   * large for a letter, if its log does not keep it.
   *
   * @returns whether the delivery has ended.
   */
  async park(givenUp: GivenUp): Promise<boolean> {
    const { place, log, onParked } = this.#options;
    const { message, attempts, error } = givenUp;
    const outcome = place === undefined ? 'dropped' : `kept as a dead letter in ${place.name}`;
    try {
      await this.#put(givenUp);
      const described = toDeadLetterError(error);
      log.error(message, `was given up after ${attempts} attempts and ${outcome}: ${described.message}`);
      message.term(outcome);
      onParked(givenUp, described);
      return true;
    } catch (cause) {
      log.error(message, `was given up, and cannot be kept: ${(cause as Error).message}`);
      this.#options.onUnparked?.(givenUp, cause as Error);
      if (this.#options.keepsUnparked !== true) message.nak(UNPARKED_RETRY_MS);
      return false;
    }
  }

  /**
   * The original of a redriven message; undefined when its body is gone.
   *
   * @throws {@link ConsumerSettingsError} when it is of another stream: two services that share a dead-letter
   * stream have a consumer of one name.
   */
  async originalOf(message: DeliveredMessage): Promise<Original | undefined> {
    const letter = fromLetter(message);
    if (letter === undefined) return undefined;
    const { stream: log, sequence, subject, eventId, storedAt } = letter.facts;
    if (log !== this.#options.stream) throw this.#ofAnotherStream(log);
    const data = await this.#originalBody(letter.original, sequence);
    if (data === undefined) return undefined;
    const content = { subject, headers: letter.original.headers, data };
    const timestampNanos = fromNanoTime(storedAt ?? '');
    const original = message.as(content, { stream: log, sequence, timestampNanos });
    return { message: original, origin: { log, sequence, eventId } };
  }

  #ofAnotherStream(stream: string): ConsumerSettingsError {
    const { consumer } = this.#options;
    const reason = `a dead letter of stream ${stream} was redriven to it: give one of the two consumers another name`;
    return new ConsumerSettingsError({ stream: this.#options.stream, consumer, reason });
  }

  /** Removes a redriven message that was handled. */
  async remove({ seq }: DeliveredMessage): Promise<void> {
    await this.#options.place?.remove(seq);
  }

  async #put(givenUp: GivenUp): Promise<void> {
    const { place, consumer, handler, logKeepsAll } = this.#options;
    if (place === undefined) return;
    const { message, origin, eventId, attempts, error } = givenUp;
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
    const { headers } = message;
    const death = [deliveryKey(message), consumer, eventId].join('.');
    const data = await this.#bodyToKeep(givenUp);
    try {
      await place.put(facts, { headers, data }, death);
    } catch (fault) {
      if (!(fault instanceof PayloadTooLargeError) || data.length === 0 || !(await logKeepsAll()))
        throw fault;
      await place.put(facts, { headers, data: EMPTY }, death);
    }
  }

  async #bodyToKeep({ message, origin }: GivenUp): Promise<Uint8Array> {
    const { body, logKeepsAll, readBody } = this.#options;
    if (body === 'copied') return message.data;
    if (body === 'referenced' || (await logKeepsAll())) return EMPTY;
    return (await readBody(origin.sequence)) ?? EMPTY;
  }

  async #originalBody({ data }: MessageParts, sequence: number): Promise<Uint8Array | undefined> {
    const { body, readBody } = this.#options;
    if (body === 'referenced') return readBody(sequence);
    // a message that was too large with the headers of a dead letter was parked without its body
    const isCut = body === 'copied' && data.length === 0;
    return isCut ? ((await readBody(sequence)) ?? data) : data;
  }
}
