import type { EventDefinition } from '../../event/event-registry.js';
import type { RecordedEvent } from '../../event/recorded-event.js';
import type { HandlerContext } from './model-fold.js';

/** What a projection does with the events of one type. */
export interface EventHandler<Tx> {
  /** The event type: a class, or what {@link eventType} declared. */
  readonly definition: EventDefinition;
  /** Writes what follows from the event, through `tx` only. */
  // a method, not a property: a definition for one database is then also one for `unknown`, as lists need
  handle(event: RecordedEvent, tx: Tx, context: HandlerContext): Promise<void> | void;
}
