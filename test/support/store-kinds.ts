import type { EventPolicies } from '../../src/event/event-decoder.js';
import type { EventDefinition } from '../../src/event/event-registry.js';
import type { EventStore } from '../../src/event-store/event-store.js';
import { inMemoryEventStore } from '../../src/testing/in-memory/in-memory-event-store.js';
import { openStore, uniqueStoreName } from '../shared-server.js';

/** Two handles on one store, as two processes would have. */
export interface StorePair {
  readonly store: EventStore;
  readonly elsewhere: EventStore;
}

/** Both kinds of event stores, for specs that run on each. */
export const STORE_KINDS: [
  string,
  (events: readonly EventDefinition[], policies?: EventPolicies) => Promise<StorePair>,
][] = [
  [
    'in memory',
    async (events, policies = {}) => {
      const store = inMemoryEventStore({ events, ...policies });
      return { store, elsewhere: store.another() };
    },
  ],
  [
    'on JetStream',
    async (events, policies = {}) => {
      const name = uniqueStoreName();
      return {
        store: await openStore({ name, events, ...policies }),
        elsewhere: await openStore({ name, events, ...policies }),
      };
    },
  ],
];
