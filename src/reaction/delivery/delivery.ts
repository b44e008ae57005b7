import { ServerHeader } from '../../jetstream/api/server-headers.js';
import type { DeliveredMessage } from '../../jetstream/consume/delivered-message.js';
import type { DeliveryLog } from '../delivery-log.js';
import { originOf } from '../parking/message-origin.js';
import { type Original, type Parking, UNPARKED_RETRY_MS } from '../parking/parking.js';
import { Attempts, type AttemptsOptions } from './attempts.js';
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

  constructor(options: DeliveryOptions<Payload>) {
    this.#unpacker = options.unpacker;
    this.#parking = options.parking;
    this.#log = options.log;
    this.#attempts = new Attempts(options);
  }

  /**
   * Delivers a message of the handler's consumer. Never rejects: what fails is logged and the message is
   * settled.
   *
   * @param signal Aborts when the consumer is being stopped.
   */
  async deliver(message: DeliveredMessage, signal: AbortSignal): Promise<void> {
    await this.#guard(message, async () => this.#deliver({ message, origin: originOf(message) }, signal));
  }

  /**
   * Delivers the original of a redriven message, and removes the redriven one when that is done. Never
   * rejects.
   *
   * @param signal Aborts when the consumer is being stopped.
   */
  async deliverRedriven(message: DeliveredMessage, signal: AbortSignal): Promise<void> {
    await this.#guard(message, async () => {
      const original = await this.#parking.originalOf(message);
      if (original === undefined) message.term('its original is gone');
      else await this.#deliver(original, signal);
      // a message that was handed back is delivered again
      if (message.isSettled && !message.isHandedBack) await this.#parking.remove(message);
    });
  }

  async #guard(message: DeliveredMessage, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#log.fault(message, error as Error);
      message.nak(UNPARKED_RETRY_MS);
    }
  }

  async #deliver(original: Original, signal: AbortSignal): Promise<void> {
    const { message } = original;
    // a message that waits for its time is not for handlers yet
    if (message.headers?.has(ServerHeader.schedule) === true || this.#unpacker.isSkipped(message))
      return message.ack();
    const calls = await this.#unpack(original);
    if (calls?.length === 0) return message.ack();
    for (const call of calls ?? []) {
      if (!(await this.#attempts.run(call, signal))) return;
    }
  }

  /** The calls of a message; undefined for one that cannot be decoded, which is parked. */
  async #unpack({ message, origin }: Original): Promise<readonly PendingCall<Payload>[] | undefined> {
    try {
      return await this.#unpacker.unpack(message, origin);
    } catch (error) {
      const attempts = message.info.deliveryCount;
      await this.#parking.park({ message, origin, eventId: undefined, attempts, error });
      return undefined;
    }
  }
}
