import { z } from 'zod';
import type { Decider } from '../../src/aggregate/model/decider.js';
import { repository } from '../../src/aggregate/repository.js';
import { Event } from '../../src/event/event-type.js';
import type { EventPolicies } from '../../src/event/event-decoder.js';
import type { EventDefinition } from '../../src/event/event-registry.js';
import { type EventOf, eventType } from '../../src/event/plain-event-type.js';
import type { RecordedEvent } from '../../src/event/recorded-event.js';
import { streamName, type StreamName } from '../../src/event/stream-name.js';
import { connectEventStore } from '../../src/event-store/connect-event-store.js';
import type { EventStore } from '../../src/event-store/event-store.js';
import { defineProjection } from '../../src/projection/definition/define-projection.js';
import { Projections } from '../../src/projection/projections.js';
import { inMemoryProjectionStore } from '../../src/testing/in-memory/in-memory-projection-store.js';
import { openStore, sharedServerUrl, uniqueStoreName } from '../shared-server.js';
import { collect, rejection } from '../support/collect.js';

const order = streamName('order', '42');

/** Event types of five releases of one program. */
const PlacedV1 = eventType<'OrderCreated', { name: string; sku: string }>({ name: 'OrderCreated' });
const PlacedV2 = eventType<'OrderCreated', { customer: string; sku: string }>({
  name: 'OrderCreated',
  version: 2,
});
const PlacedV3 = eventType<'OrderPlaced', { customer: string; items: string[] }>({
  name: 'OrderPlaced',
  version: 3,
});
const Touched = eventType<'OrderTouched', object>({ name: 'OrderTouched' });
const ChangedV4 = eventType<'OrderChanged', { added: string[]; removed: string[] }>({ name: 'OrderChanged' });

/** The current release: a customer is an object, and changes are separate events. */
const OrderPlaced = eventType({
  name: 'OrderPlaced',
  version: 4,
  aliases: ['OrderCreated'],
  schema: z.object({ customer: z.object({ name: z.string() }), items: z.array(z.string()) }),
  upcasts: {
    1: ({ name, ...data }) => ({ ...data, customer: name }),
    2: ({ sku, ...data }) => ({ ...data, items: [sku ?? null] }),
    3: ({ customer, ...data }) => ({ ...data, customer: { name: customer ?? null } }),
  },
});
const ItemAdded = eventType<'ItemAdded', { sku: string }>({ name: 'ItemAdded' });
const ItemRemoved = eventType<'ItemRemoved', { sku: string }>({ name: 'ItemRemoved' });
const OrderTouched = eventType<'OrderTouched', object>({
  name: 'OrderTouched',
  version: 2,
  upcasts: { 1: () => [] },
});
const OrderChanged = eventType<'OrderChanged', object>({
  name: 'OrderChanged',
  version: 2,
  upcasts: {
    1: ({ added, removed }) => [
      ...(added as string[]).map((sku) => ({ type: 'ItemAdded', data: { sku } })),
      ...(removed as string[]).map((sku) => ({ type: 'ItemRemoved', data: { sku } })),
    ],
  },
});
const TODAY = [OrderPlaced, ItemAdded, ItemRemoved, OrderTouched, OrderChanged] as const;

type OrderEvent = EventOf<(typeof TODAY)[number]>;

interface OrderState {
  readonly customer: string;
  readonly items: readonly string[];
}

const orders: Decider<never, OrderEvent, OrderState> = {
  initialState: { customer: '', items: [] },
  decide: () => [],
  evolve(state, event) {
    switch (event.type) {
      case 'OrderPlaced':
        return { customer: event.data.customer.name, items: event.data.items };
      case 'ItemAdded':
        return { ...state, items: [...state.items, event.data.sku] };
      case 'ItemRemoved':
        return { ...state, items: state.items.filter((sku) => sku !== event.data.sku) };
      // events of both types are dropped
      case 'OrderTouched':
      case 'OrderChanged':
        return state;
    }
  },
};

async function storeOf(
  name: string,
  events: readonly EventDefinition[],
  policies: EventPolicies = {},
): Promise<EventStore> {
  return openStore({ name, events, ...policies });
}

async function appendAs(name: string, events: readonly EventDefinition[], appended: object[]): Promise<void> {
  await using store = await connectEventStore({ servers: sharedServerUrl(), name, events });
  await store.append(order, appended);
}

/** A stream that five releases have written to. */
async function tenYears(): Promise<string> {
  const name = uniqueStoreName();
  await appendAs(name, [PlacedV1], [PlacedV1.create({ name: 'ada', sku: 'pen' })]);
  await appendAs(name, [Touched], [Touched.create({}), Touched.create({})]);
  await appendAs(name, [ChangedV4], [ChangedV4.create({ added: ['ink', 'cap'], removed: ['pen'] })]);
  await appendAs(name, [...TODAY], [ItemAdded.create({ sku: 'nib' })]);
  return name;
}

function typesAndVersions(events: readonly RecordedEvent[]): string[] {
  return events.map(({ type, version }) => `${type} ${version}`);
}

describe('a stream that several releases of a program have written to', () => {
  const READ = ['OrderPlaced 1', 'ItemAdded 4', 'ItemAdded 4', 'ItemRemoved 4', 'ItemAdded 5'];

  it('is read as current events: upcast, split, dropped and renamed, with versions and positions as stored', async () => {
    const store = await storeOf(await tenYears(), [...TODAY]);
    const events = await collect(store.read(order));
    expect(typesAndVersions(events)).toEqual(READ);
    expect(events[0]?.data).toEqual({ customer: { name: 'ada' }, items: ['pen'] });
    expect(events[0]?.schemaVersion).toBe(4);
    const split = events.slice(1, 4);
    expect(new Set(split.map(({ position }) => position)).size).toBe(1);
    expect(split.map(({ id }) => id.replace(/^[^/]+/, ''))).toEqual(['/0', '/0.1', '/0.2']);
    expect(await store.event(split[2]?.id ?? '', { stream: order })).toEqual(split[2]);
    // an append continues after the stored version
    expect((await store.append(order, [ItemAdded.create({ sku: 'box' })], { expect: 5 })).version).toBe(6);
  });

  it('is read the same way by all readers', async () => {
    const store = await storeOf(await tenYears(), [...TODAY]);
    const backward = await collect(store.read(order, { direction: 'backward' }));
    expect(typesAndVersions(backward)).toEqual(READ.toReversed());
    expect(typesAndVersions(await collect(store.readAll()))).toEqual(READ);
    expect(typesAndVersions(await collect(store.readAll({ types: ['ItemRemoved'] })))).toEqual([
      'ItemRemoved 4',
    ]);

    const subscribed: RecordedEvent[] = [];
    const subscription = store.subscribe({
      onEvent: (event) => void subscribed.push(event),
      onCaughtUp: () => void subscription.stop(),
    });
    await subscription.closed;
    expect(typesAndVersions(subscribed)).toEqual(READ);

    const projected: string[] = [];
    const projection = defineProjection({
      name: 'items',
      store: inMemoryProjectionStore({}),
      clear: async () => undefined,
      events: { OrderPlaced, ItemAdded, ItemRemoved },
      on: {
        OrderPlaced: ({ data }) => void projected.push(`placed by ${data.customer.name}`),
        ItemAdded: ({ data }) => void projected.push(`+${data.sku}`),
        ItemRemoved: ({ data }) => void projected.push(`-${data.sku}`),
      },
    });
    await using projections = new Projections(store, [projection]);
    await projections.start();
    const status = await store.status(order);
    if (status.state === 'active') await projections.waitFor('items', status.position);
    expect(projected).toEqual(['placed by ada', '+ink', '+cap', '-pen', '+nib']);
  });

  it.each([
    ['1', PlacedV1, PlacedV1.create({ name: 'ada', sku: 'pen' })],
    ['2', PlacedV2, PlacedV2.create({ customer: 'ada', sku: 'pen' })],
    ['3', PlacedV3, PlacedV3.create({ customer: 'ada', items: ['pen'] })],
    ['4', OrderPlaced, OrderPlaced.create({ customer: { name: 'ada' }, items: ['pen'] })],
  ])('gives the same state if it was started by release %s', async (_, written, event) => {
    const name = uniqueStoreName();
    await appendAs(name, [written], [event]);
    await appendAs(name, [ChangedV4], [ChangedV4.create({ added: ['ink'], removed: ['pen'] })]);
    const store = await storeOf(name, [...TODAY]);
    const { state } = await repository(store, orders, { category: 'order' }).load('42');
    expect(state).toEqual({ customer: 'ada', items: ['ink'] });
  });

  it('delivers all events of a split again to a subscription that stopped between them', async () => {
    const store = await storeOf(await tenYears(), [...TODAY]);
    const seen: string[] = [];
    const first = store.subscribe({
      onEvent: ({ type }) => {
        seen.push(type);
        if (seen.length === 2) void first.stop();
      },
    });
    await first.closed;
    const second = store.subscribe({
      from: { after: first.position as NonNullable<typeof first.position> },
      onEvent: ({ type }) => void seen.push(type),
      onCaughtUp: () => void second.stop(),
    });
    await second.closed;
    expect(seen.slice(2)).toEqual(['ItemAdded', 'ItemAdded', 'ItemRemoved', 'ItemAdded']);
  });
});

describe('an event of an unknown type or version', () => {
  const Known = eventType<'Known', { n: number }>({ name: 'Known' });
  const Unknown = eventType<'Unknown', { n: number }>({ name: 'Unknown' });
  const Newer = eventType<'Known', { n: number }>({ name: 'Known', version: 2 });

  async function written(): Promise<string> {
    const name = uniqueStoreName();
    await appendAs(name, [Known, Unknown], [Known.create({ n: 1 }), Unknown.create({ n: 2 })]);
    await appendAs(name, [Newer], [Newer.create({ n: 3 })]);
    return name;
  }

  async function read(store: EventStore, name: StreamName = order): Promise<unknown[]> {
    return (await collect(store.read(name))).map(({ data }) => (data as { n: number }).n);
  }

  it('fails the read by default, with its position and what to do', async () => {
    const store = await storeOf(await written(), [Known]);
    const error = await rejection(collect(store.read(order)));
    expect(error).toMatchObject({
      code: 'unreadable-event',
      stream: 'order/42',
      type: 'Unknown',
      schemaVersion: 1,
      position: '1.1',
    });
    expect(String(error)).toMatch(/add it to the events option of the store/);
    expect(await rejection(collect(store.readAll()))).toMatchObject({ code: 'unreadable-event' });
    expect([...store.registry.unreadable]).toEqual([['Unknown', 2]]);
  });

  it('is skipped with the policy skip, and counted', async () => {
    const store = await storeOf(await written(), [Known], { onUnknownEvent: 'skip' });
    expect(await read(store)).toEqual([1]);
    expect([...store.registry.unreadable]).toEqual([
      ['Unknown', 1],
      ['Known', 1],
    ]);
  });

  it('is returned as stored with the policy raw, and counted', async () => {
    const store = await storeOf(await written(), [Known], { onUnknownEvent: 'raw' });
    expect(await read(store)).toEqual([1, 2, 3]);
    expect(store.registry.unreadable.size).toBe(2);
  });

  it('does not fail a reader that asks for other types', async () => {
    const store = await storeOf(await written(), [Known]);
    const types = ['Other'];
    expect(await collect(store.readAll({ types }))).toEqual([]);
  });

  it('ends a subscription with an error', async () => {
    const store = await storeOf(await written(), [Known]);
    const subscription = store.subscribe({ onEvent: () => undefined });
    expect(await rejection(subscription.closed)).toMatchObject({ code: 'unreadable-event', position: '1.1' });
  });
});

describe('a stored event that fails the current schema', () => {
  const Loose = eventType<'Measured', { n: unknown }>({ name: 'Measured' });
  const Strict = eventType({ name: 'Measured', schema: z.object({ n: z.number() }) });

  async function written(): Promise<string> {
    const name = uniqueStoreName();
    await appendAs(
      name,
      [Loose],
      [Loose.create({ n: 1 }), Loose.create({ n: 'two' }), Loose.create({ n: 3 })],
    );
    return name;
  }

  it.each([
    ['is accepted by default', {}, [1, 'two', 3]],
    ['is skipped with the policy skip', { onInvalidEvent: 'skip' }, [1, 3]],
  ] as const)('%s', async (_, policies, expected) => {
    const store = await storeOf(await written(), [Strict], policies);
    const events = await collect(store.read(order));
    expect(events.map(({ data }) => (data as { n: unknown }).n)).toEqual(expected);
    expect(store.registry.unreadable.get('Measured') ?? 0).toBe(3 - expected.length);
  });

  it('fails the read with the policy fail, and the error names the path', async () => {
    const store = await storeOf(await written(), [Strict], { onInvalidEvent: 'fail' });
    const error = await rejection(collect(store.read(order)));
    expect(error).toMatchObject({ code: 'unreadable-event', position: '1.1' });
    expect(String(error)).toMatch(/it is invalid \(n: /);
  });

  it('is always rejected at append, and nothing is stored', async () => {
    const store = await storeOf(await written(), [Strict], { onInvalidEvent: 'accept' });
    const error = await rejection(store.append(order, [Strict.create({ n: 'x' as never })]));
    expect(error).toMatchObject({ code: 'invalid-event' });
    expect(String(error)).toMatch(/Measured is invalid: n: /);
    expect((await store.status(order)).version).toBe(3);
  });
});

describe('upcasts', () => {
  it('with a gap are rejected at the declaration, with the name of the type', () => {
    const same = (data: object): never => data as never;
    expect(() => eventType({ name: 'Gapped', version: 4, upcasts: { 1: same, 3: same } })).toThrow(
      /Gapped: its upcasts have a gap: there is none from version 2 to 3/,
    );
    expect(() => Event('Beyond', { version: 2, upcasts: { 2: same } })).toThrow(/versions below 2/);
  });

  it.each([
    ['throws', () => JSON.parse('{') as never, /its upcast failed/],
    ['returns no data', () => 'text' as never, /an upcast must return an object of data/],
    ['is asynchronous', async () => ({}) as never, /must be synchronous/],
    ['forms a cycle', () => [{ type: 'Bad', version: 1, data: {} }], /form a cycle/],
  ])('fail the read when one %s', async (_, upcast, message) => {
    const name = uniqueStoreName();
    const Old = eventType<'Bad', object>({ name: 'Bad' });
    await appendAs(name, [Old], [Old.create({})]);
    const store = await storeOf(name, [
      eventType({ name: 'Bad', version: 2, upcasts: { 1: upcast as never } }),
    ]);
    const error = await rejection(collect(store.read(order)));
    expect(error).toMatchObject({ code: 'unreadable-event', position: '1.0' });
    expect(String(error)).toMatch(message);
  });

  it('get the metadata of the event', async () => {
    const name = uniqueStoreName();
    const Old = eventType<'Signed', object>({ name: 'Signed' });
    await using writer = await connectEventStore({ servers: sharedServerUrl(), name, events: [Old] });
    await writer.append(order, [Old.create({})], { metadata: { actor: 'ada' } });
    const Signed = eventType<'Signed', object>({
      name: 'Signed',
      version: 2,
      upcasts: { 1: (data, { actor }) => ({ ...data, by: actor ?? '' }) },
    });
    const [event] = await collect((await storeOf(name, [Signed])).read(order));
    expect(event?.data).toEqual({ by: 'ada' });
  });
});

describe('names', () => {
  it('that two types share, or a type and an alias, are rejected with both names', async () => {
    const One = eventType({ name: 'One' });
    @Event('Two', { aliases: ['One'] })
    class Two {}
    await expect(storeOf(uniqueStoreName(), [One, Two])).rejects.toThrow(
      /event type One is registered twice, by eventType\('One'\) and Two/,
    );
  });
});
