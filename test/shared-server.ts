import { connectEventStore, type EventStoreOptions } from '../src/event-store/connect-event-store.js';
import { sharedServerUrl, uniqueStoreName } from './support/server-url.js';
import type { JetStreamEventStore } from '../src/event-store/jetstream-event-store.js';

export { sharedServerUrl, uniqueStoreName };

const open = new Set<JetStreamEventStore>();

/** A store on the shared server, unless `servers` names another; closed when the spec file is done. */
export async function openStore(options: Partial<EventStoreOptions> = {}): Promise<JetStreamEventStore> {
  const store = await connectEventStore({
    servers: sharedServerUrl(),
    name: uniqueStoreName(),
    events: [],
    ...options,
  });
  open.add(store);
  return store;
}

afterAll(async () => {
  await Promise.all([...open].map((store) => store.close()));
  open.clear();
});
