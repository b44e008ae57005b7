import type { RecordedEvent } from '../../event/recorded-event.js';

/** Brings an event back to its handler later, whatever is restarted until then. */
export interface Resume {
  /**
   * Resolves when that is stored. Repeated for the same event and time, it changes nothing.
   *
   * @param reactor Name of the reactor whose handler gets the event.
   */
  resumeAt(event: RecordedEvent, at: Date, reactor: string): Promise<unknown>;
}
