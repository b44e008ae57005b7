import type { EventClass } from '../../src/event/event-type.js';
import type { EventStore } from '../../src/event-store/event-store.js';
import { inMemoryEventStore } from '../../src/event-store/in-memory-event-store.js';
import { openStore, uniqueStoreName } from '../shared-server.js';

/** A store, and the same one as another process would have it. */
export interface StorePair {
  readonly store: EventStore;
  readonly elsewhere: EventStore;
}

/** Both kinds of event stores, for specs that have to hold for either. */
export const STORE_KINDS: [string, (events: readonly EventClass[]) => Promise<StorePair>][] = [
  [
    'in memory',
    async (events) => {
      const store = inMemoryEventStore({ events });
      return { store, elsewhere: store.another() };
    },
  ],
  [
    'on JetStream',
    async (events) => {
      const name = uniqueStoreName();
      return { store: await openStore({ name, events }), elsewhere: await openStore({ name, events }) };
    },
  ],
];
