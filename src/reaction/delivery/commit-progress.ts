import type { RecordedEvent } from '../../event/recorded-event.js';
import type { Acknowledgement, DeliveredMessage } from '../../jetstream/consume/delivered-message.js';
import type { Original } from '../parking/parking.js';
import type { PendingCall } from './handler-call.js';

/**
 * How far the events of one commit are. It is kept between the deliveries of the commit's message, so that an
 * event that is done is not handled again because another one failed.
 */
export class CommitProgress {
  readonly #keep: (progress: CommitProgress) => void;
  readonly #done = new Set<string>();
  readonly #failedAttempts = new Map<string, number>();
  /** Deliveries before the first event that is not done was reached. */
  #reachedAt = 0;

  /** @param keep Called when the next delivery has to know of it; not for events that succeed at once. */
  constructor(keep: (progress: CommitProgress) => void) {
    this.#keep = keep;
  }

  noteFailure(eventId: string, attempts: number): void {
    this.#keep(this);
    this.#failedAttempts.set(eventId, attempts);
  }

  /**
   * The calls for those of the events that are not done. Each is acknowledged for itself: the message is
   * acknowledged when all events are done, and handed back as soon as one is.
   */
  pendingCalls({ message, origin }: Original, events: readonly RecordedEvent[]): PendingCall<never>[] {
    return events
      .filter(({ id }) => !this.#done.has(id))
      .map((event, index) => {
        const settle = (verdict: Acknowledgement): void => this.#settle({ message, events, event, verdict });
        return {
          call: { kind: 'event', event, message: message.part(settle), origin },
          failedAttempts: this.#failedAttempts.get(event.id) ?? 0,
          // only the first one may have been attempted by another process, or have ended one
          possibleAttempts: index === 0 ? Math.max(0, message.earlierAttempts - this.#reachedAt) : 0,
          noteFailure: (attempts: number) => this.noteFailure(event.id, attempts),
        };
      });
  }

  #settle({ message, events, event, verdict }: SettledEvent): void {
    if (verdict.kind === 'nak') return message.nak(verdict.delayMs);
    this.#done.add(event.id);
    this.#reachedAt = message.earlierAttempts;
    if (events.every(({ id }) => this.#done.has(id))) return message.ack();
    this.#keep(this);
  }
}

/** The outcome of one event of a commit. */
interface SettledEvent {
  readonly message: DeliveredMessage;
  readonly events: readonly RecordedEvent[];
  readonly event: RecordedEvent;
  readonly verdict: Acknowledgement;
}
