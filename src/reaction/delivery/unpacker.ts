import type { DeliveredMessage } from '../../jetstream/consume/delivered-message.js';
import type { MessageOrigin } from '../parking/message-origin.js';
import type { ParkedBody } from '../parking/parking.js';
import type { PendingCall } from './handler-call.js';

/** Turns a delivered message into the calls of the handler that it asks for. */
export interface Unpacker<Payload> {
  /** What becomes of a body when its message is parked. */
  readonly parkedBody: ParkedBody;

  /** Whether a message is not for handlers. It is acknowledged without a call. */
  isSkipped(message: DeliveredMessage): boolean;

  /**
   * The calls that are still to be made; none when the message has nothing for the handler, or all of it is
   * done.
   *
   * Rejects when the message cannot be decoded; it is parked then, since no further attempt would succeed.
   */
  unpack(message: DeliveredMessage, origin: MessageOrigin): Promise<readonly PendingCall<Payload>[]>;
}
