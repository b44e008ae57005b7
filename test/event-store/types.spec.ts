// What must not compile: `tsc` fails on an expectation of an error that does not come.
import { Event } from '../../src/event/event-type.js';
import { withMetadata } from '../../src/event/event-with-metadata.js';
import { eventType } from '../../src/event/plain-event-type.js';
import type { EventStore } from '../../src/event-store/event-store.js';
import { inMemoryEventStore } from '../../src/testing/in-memory/in-memory-event-store.js';

@Event('Placed')
class Placed {
  constructor(readonly customer: string) {}
}
@Event('Lost')
class Lost {
  constructor(readonly where: string) {}
}
const Shipped = eventType<'Shipped', { carrier: string }>({ name: 'Shipped' });

declare const store: EventStore;
declare const given: object;
declare const placing: Promise<Placed>;

async function anyEvents(): Promise<void> {
  await store.append('order/1', [new Placed('ada'), Shipped.create({ carrier: 'dhl' }), given]);
  await store.append('order/1', [withMetadata(new Placed('ada'), { actor: 'ada' })]);
  // @ts-expect-error a promise of an event
  await store.append('order/1', [placing]);
  // @ts-expect-error a class in place of its instance
  await store.append('order/1', [Placed]);
  // @ts-expect-error a date
  await store.append('order/1', [new Date()]);
  // @ts-expect-error a list
  await store.append('order/1', [[new Placed('ada')]]);
  // @ts-expect-error a collection
  await store.append('order/1', [new Map()]);
  // @ts-expect-error a text
  await store.append('order/1', ['Placed']);
  // @ts-expect-error a promise in a transaction
  await store.transact([{ stream: 'order/1', events: [placing] }]);
}

async function knownEvents(): Promise<void> {
  const typed = inMemoryEventStore({ events: [Placed, Shipped] as const });
  await typed.append('order/1', [new Placed('ada'), Shipped.create({ carrier: 'dhl' })]);
  await typed.append('order/1', [withMetadata(new Placed('ada'), { actor: 'ada' })]);
  // @ts-expect-error an event that is not registered
  await typed.append('order/1', [new Lost('here')]);
  // @ts-expect-error one that is not registered, with metadata
  await typed.append('order/1', [withMetadata(new Lost('here'), {})]);
  // @ts-expect-error data of another shape
  await typed.append('order/1', [{ type: 'Shipped', data: { parcels: 1 } }]);
  // @ts-expect-error in a transaction
  await typed.transact([{ stream: 'order/1', events: [new Lost('here')] }]);
  const any: EventStore = typed;
  await any.append('order/1', [new Lost('here')]);
  const untyped = inMemoryEventStore({ events: [Placed, Shipped] });
  await untyped.append('order/1', [new Lost('here')]);
}

describe('the types of a store', () => {
  it('compile or do not, as expected above', () => {
    expect([anyEvents, knownEvents]).toHaveLength(2);
  });
});
