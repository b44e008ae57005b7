import { inMemoryEventStore } from '../../src/testing/in-memory/in-memory-event-store.js';
import { conformanceEvents } from '../../src/testing/conformance/conformance-events.js';
import { eventStoreCases } from '../../src/testing/conformance/event-store-cases.js';
import { openStore, uniqueStoreName } from '../shared-server.js';
import { describeConformance } from './conformance-run.js';

const inMemory = inMemoryEventStore({ events: conformanceEvents });

describeConformance('the event store in memory', {
  cases: eventStoreCases,
  open: async () => inMemory.another(),
});

for (const storage of ['file', 'memory'] as const) {
  const name = uniqueStoreName();
  describeConformance(`the event store on a server with ${storage} storage`, {
    cases: eventStoreCases,
    open: async () => openStore({ name, events: conformanceEvents, storage }),
  });
}

describe('the conformance cases', () => {
  it('have unique names', () => {
    const names = eventStoreCases.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    expect(names.length).toBeGreaterThan(70);
  });
});
