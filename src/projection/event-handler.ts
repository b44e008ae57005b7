import type { EventClass } from '../event/event-type.js';
import type { RecordedEvent } from '../event/recorded-event.js';

/** What a projection does with the events of one type. */
export interface EventHandler<Tx> {
  readonly eventClass: EventClass;
  // a method, not a property: a definition for one database is then a definition for `unknown`, and a list can hold several kinds
  handle(event: RecordedEvent, tx: Tx): Promise<void> | void;
}
