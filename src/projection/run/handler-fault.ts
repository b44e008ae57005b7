import type { RecordedEvent } from '../../event/recorded-event.js';

/** Where a {@link HandlerFault} happened. */
export interface FaultPlace {
  /** How many commits of the batch come before the one that failed. */
  readonly commitsBefore: number;
  readonly cause: unknown;
  /** The event whose handler failed; undefined when no single event did. */
  readonly event?: RecordedEvent | undefined;
  /** The events of which what was written is refused, where no single one failed. */
  readonly events?: readonly RecordedEvent[] | undefined;
}

/**
 * Code of the projection threw. It is tried a few times only, while an error of the database is waited out.
 * Callers see it as `status().error` between two tries.
 */
export class HandlerFault extends Error {
  override readonly name = 'HandlerFault';
  readonly commitsBefore: number;
  readonly event: RecordedEvent | undefined;
  readonly events: readonly RecordedEvent[] | undefined;

  constructor(message: string, { commitsBefore, cause, event, events }: FaultPlace) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    super(`${message}: ${reason}`, { cause });
    this.commitsBefore = commitsBefore;
    this.event = event;
    this.events = events;
  }
}
