import type { DeliveredMessage } from '../../jetstream/consume/delivered-message.js';
import type { MessageOrigin } from '../parking/message-origin.js';
import type { ParkedBody } from '../parking/parking.js';
import type { PendingCall } from './handler-call.js';
import type { Unpacker } from './unpacker.js';

/** How messages that are no commits are decoded. */
export interface PayloadUnpackerOptions<Payload> {
  readonly decode: (message: DeliveredMessage) => Promise<Payload>;
  /** Whether the consumer delivers headers only. */
  readonly headersOnly: boolean;
}

/**
 * One call for each message. Attempts of this process, where the message keeps its key, are counted here.
 */
export class PayloadUnpacker<Payload> implements Unpacker<Payload> {
  readonly parkedBody: ParkedBody;
  readonly #decode: (message: DeliveredMessage) => Promise<Payload>;
  readonly #failedAttempts = new WeakMap<DeliveredMessage, number>();

  constructor({ decode, headersOnly }: PayloadUnpackerOptions<Payload>) {
    this.parkedBody = headersOnly ? 'absent' : 'copied';
    this.#decode = decode;
  }

  isSkipped(): boolean {
    return false;
  }

  async unpack(message: DeliveredMessage, origin: MessageOrigin): Promise<readonly PendingCall<Payload>[]> {
    const payload = await this.#decode(message);
    return [
      {
        call: { kind: 'payload', payload, message, origin },
        failedAttempts: this.#failedAttempts.get(message) ?? 0,
        possibleAttempts: message.earlierAttempts,
        noteFailure: (attempts) => void this.#failedAttempts.set(message, attempts),
      },
    ];
  }
}
