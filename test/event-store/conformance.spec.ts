import { conformanceEvents } from '../../src/testing/conformance/conformance-events.js';
import { eventStoreCases } from '../../src/testing/conformance/event-store-cases.js';
import { inMemoryEventStore } from '../../src/testing/in-memory/in-memory-event-store.js';
import { describeConformance } from './conformance-run.js';

const store = inMemoryEventStore({ events: conformanceEvents });

describeConformance('the event store in memory', {
  cases: eventStoreCases,
  open: async () => store.another(),
});

describe('the conformance cases', () => {
  it('have names of their own', () => {
    const names = eventStoreCases.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    expect(names.length).toBeGreaterThan(70);
  });
});
