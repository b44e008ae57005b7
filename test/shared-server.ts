import { randomBytes } from 'node:crypto';
import { connectEventStore, type EventStoreOptions } from '../src/event-store/connect-event-store.js';
import type { JetStreamEventStore } from '../src/event-store/jetstream-event-store.js';

/** The URL of the server that `globalSetup` started for the whole run. */
export function sharedServerUrl(): string {
  const url = process.env['JETSOURCE_TEST_URL'];
  if (url !== undefined) return url;
  throw new TypeError(process.env['JETSOURCE_TEST_ERROR'] ?? 'the spec runs without test/global-setup.mjs');
}

/** A store name that no other spec has, nor an earlier run against the same server. */
export function uniqueStoreName(): string {
  return `test-${randomBytes(8).toString('hex')}`;
}

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
