import type { DeliveredMessage } from '../../jetstream/consume/delivered-message.js';

/** Where a message is stored. Of a redriven message it is the place of the original. */
export interface MessageOrigin {
  /** The JetStream stream. */
  readonly log: string;
  readonly sequence: number;
  /** The only event of the commit that is meant; undefined for all of them. */
  readonly eventId: string | undefined;
}

/** The place that a message was delivered from. */
export function originOf({ info }: DeliveredMessage): MessageOrigin {
  return { log: info.stream, sequence: info.streamSequence, eventId: undefined };
}

/** Identifies a delivered message among all that a handler gets, redriven ones included. */
export function deliveryKey({ delivery }: DeliveredMessage): string {
  return `${delivery.stream}.${delivery.streamSequence}`;
}
