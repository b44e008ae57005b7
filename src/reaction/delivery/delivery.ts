import { ServerHeader } from '../../jetstream/api/server-headers.js';
import type { DeliveredMessage } from '../../jetstream/consume/delivered-message.js';
import type { DeliveryLog } from '../delivery-log.js';
import { originOf } from '../parking/message-origin.js';
import { type Original, type Parking, UNPARKED_RETRY_MS } from '../parking/parking.js';
import { Attempts, type AttemptsOptions, type Continuation } from './attempts.js';
import type { PendingCall } from './handler-call.js';
import type { Unpacker } from './unpacker.js';

/** What the deliveries to one handler need. */
export interface DeliveryOptions<Payload> extends AttemptsOptions<Payload> {
  readonly unpacker: Unpacker<Payload>;
}

/**
 * Delivers messages to one handler, and settles them: acknowledged, handed back for a later attempt, or
 * parked.
 */
export class Delivery<Payload> {
  readonly #unpacker: Unpacker<Payload>;
  readonly #parking: Parking;
  readonly #log: DeliveryLog;
  readonly #attempts: Attempts<Payload>;
  /** Those at redriven messages, which have no order by key. */
  readonly #redriveAttempts: Attempts<Payload>;
  readonly #keepsPlace: boolean;

  constructor(options: DeliveryOptions<Payload>) {
    this.#keepsPlace = options.keepsPlace ?? false;
    this.#unpacker = options.unpacker;
    this.#parking = options.parking;
    this.#log = options.log;
    this.#attempts = new Attempts(options);
    this.#redriveAttempts = new Attempts({
      ...options,
      policy: { ...options.policy, keyOf: undefined },
      keepsPlace: false,
    });
  }

  /**
   * Delivers a message of the handler's consumer. Never rejects: what fails is logged and the message is
   * settled.
   *
   * @returns the milliseconds after which it is to be delivered again by its holder, before others of its key;
   *   undefined when this delivery is over.
   */
  async deliver(message: DeliveredMessage): Promise<number | undefined> {
    const work = async (): Promise<number | undefined> => {
      const continuation = await this.#deliver({ message, origin: originOf(message) }, this.#attempts);
      return typeof continuation === 'string' ? undefined : continuation.afterMs;
    };
    return this.#guard(message, work, this.#keepsPlace);
  }

  /**
   * Delivers the original of a redriven message, and removes the redriven one when that is done. Never
   * rejects.
   */
  async deliverRedriven(message: DeliveredMessage): Promise<undefined> {
    await this.#guard(message, async () => {
      const original = await this.#parking.originalOf(message);
      const continuation =
        original === undefined
          ? message.term('its original is gone')
          : await this.#deliver(original, this.#redriveAttempts);
      // redriven messages have no place to keep
      if (typeof continuation === 'object') message.nak(continuation.afterMs);
      // a message that was handed back is delivered again
      if (message.isSettled && !message.isHandedBack) await this.#parking.remove(message);
      return undefined;
    });
  }

  /**
   * Takes note that a message is handed back while its handler runs: the consumer is being stopped, which is no
   * attempt. Never rejects.
   */
  async handBack(message: DeliveredMessage): Promise<void> {
    await this.#attempts.handBack(message);
    await this.#redriveAttempts.handBack(message);
  }

  async #guard(
    message: DeliveredMessage,
    work: () => Promise<number | undefined>,
    keepsPlace = false,
  ): Promise<number | undefined> {
    try {
      return await work();
    } catch (error) {
      this.#log.fault(message, error as Error);
      if (keepsPlace) return UNPARKED_RETRY_MS;
      message.nak(UNPARKED_RETRY_MS);
      return undefined;
    }
  }

  async #deliver(original: Original, attempts: Attempts<Payload>): Promise<Continuation> {
    const { message } = original;
    // a message that waits for its time is not for handlers yet
    const isSkipped =
      message.headers?.has(ServerHeader.schedule) === true || this.#unpacker.isSkipped(message);
    const calls = isSkipped ? [] : await this.#unpack(original);
    if (calls === 'unparked') return this.#keepsPlace ? { afterMs: UNPARKED_RETRY_MS } : 'stop';
    if (calls?.length === 0) message.ack();
    const first = calls === undefined ? 0 : await attempts.skipOver(calls);
    for (const [index, call] of (calls?.slice(first) ?? []).entries()) {
      const continuation = await attempts.run(call, first + index > 0);
      if (continuation !== 'next') return continuation;
    }
    return 'next';
  }

  /** The calls of a message; undefined for one that cannot be decoded, and was parked. */
  async #unpack({
    message,
    origin,
  }: Original): Promise<readonly PendingCall<Payload>[] | 'unparked' | undefined> {
    try {
      return await this.#unpacker.unpack(message, origin);
    } catch (error) {
      const attempts = message.earlierAttempts + 1;
      const isParked = await this.#parking.park({ message, origin, eventId: undefined, attempts, error });
      return isParked ? undefined : 'unparked';
    }
  }
}
