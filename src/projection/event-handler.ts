import type { EventDefinition } from '../event/event-registry.js';
import type { RecordedEvent } from '../event/recorded-event.js';

/** What a projection does with the events of one type. */
export interface EventHandler<Tx> {
  readonly definition: EventDefinition;
  // a method, not a property: a definition for one database is then a definition for `unknown`, and a list can hold several kinds
  handle(event: RecordedEvent, tx: Tx): Promise<void> | void;
}
