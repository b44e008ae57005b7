import type { RecordedEvent } from '../../event/recorded-event.js';
import type { DeliveredMessage, Acknowledgement } from '../../jetstream/consume/delivered-message.js';
import type { PacketMetadata } from '../packet-metadata.js';

/** Where the event stands that a message is, or was before it became a dead letter. */
export interface EventOrigin {
  readonly stream: string;
  readonly sequence: number;
  /** The one event of a commit that is meant; undefined for all. */
  readonly eventId: string | undefined;
}

/** One call of a handler: a message, or one event of a commit. */
export interface EventPart {
  readonly origin: EventOrigin;
  readonly message: DeliveredMessage;
  readonly data: unknown;
  readonly metadata?: PacketMetadata | undefined;
  readonly event?: RecordedEvent | undefined;
}

/** How far the events of one commit are. Remembered between the deliveries of its message, so that what is done is not done again. */
export class CommitProgress {
  readonly #settled = new Set<string>();
  readonly #failures = new Map<string, number>();

  /** Attempts at the event that are known to have failed. */
  failuresOf(eventId: string): number {
    return this.#failures.get(eventId) ?? 0;
  }

  noteFailure(eventId: string, attempts: number): void {
    this.#failures.set(eventId, attempts);
  }

  /**
   * The events that are still to be handled, each settled by itself. The message is acknowledged when all are, and handed back as soon as one is.
   */
  partsOf(message: DeliveredMessage, events: readonly RecordedEvent[], origin: EventOrigin): EventPart[] {
    const isDone = (): boolean => events.every(({ id }) => this.#settled.has(id));
    return events
      .filter(({ id }) => !this.#settled.has(id))
      .map((event) => {
        const settle = (verdict: Acknowledgement): void => {
          if (verdict.kind === 'nak') return message.nak(verdict.delayMs);
          this.#settled.add(event.id);
          if (isDone()) message.ack();
        };
        return { origin, message: message.part(settle), data: event.data, event };
      });
  }
}
