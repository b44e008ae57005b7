import type { EventClass } from '../../src/event/event-type.js';
import { FakeEventStore } from './fake-event-store.js';

/**
 * The event store that the specs of projections run on, with the faults that they provoke. Specs know it by
 * this name only, so that another implementation can take its place here.
 */
export type ProjectionLog = FakeEventStore;

export function projectionLog(events: readonly EventClass[]): ProjectionLog {
  return new FakeEventStore(events);
}
