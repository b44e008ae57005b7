import type { RecordedEvent } from '../../event/recorded-event.js';
import type { DeliveredMessage } from '../../jetstream/consume/delivered-message.js';
import type { MessageOrigin } from '../parking/message-origin.js';

/** A call of a handler with one event of a commit. */
export interface EventCall {
  readonly kind: 'event';
  readonly event: RecordedEvent;
  /** The commit's message. Acknowledging it here acknowledges this event only. */
  readonly message: DeliveredMessage;
  readonly origin: MessageOrigin;
}

/** A call of a handler with a message that is no commit. */
export interface PayloadCall<Payload> {
  readonly kind: 'payload';
  /** What the message was decoded to. */
  readonly payload: Payload;
  readonly message: DeliveredMessage;
  readonly origin: MessageOrigin;
}

/** One call of a handler, which is attempted and acknowledged independently of others. */
export type HandlerCall<Payload> = EventCall | PayloadCall<Payload>;

/**
 * Handles one event or message. It has succeeded when the promise resolves; what it rejects with ends the
 * attempt. The attempts are counted from 1.
 */
export type Handle<Payload> = (call: HandlerCall<Payload>, attempt: number) => Promise<void>;

/** A call that is still to be made, and what earlier deliveries know of it. */
export interface PendingCall<Payload> {
  readonly call: HandlerCall<Payload>;
  /** Attempts that have failed in this process. */
  readonly failedAttempts: number;
  /** Earlier deliveries that may have been attempts, of this process or of others. */
  readonly possibleAttempts: number;
  /** Remembers that so many attempts have failed, for the next delivery. */
  readonly noteFailure: (attempts: number) => void;
}
