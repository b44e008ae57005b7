import { jest } from '@jest/globals';
import { streamName } from '../../src/event/stream-name.js';
import { inMemoryEventStore } from '../../src/testing/in-memory/in-memory-event-store.js';
import { collect, rejection } from '../support/collect.js';
import { counted, ORDER_EVENTS, OrderPlaced } from '../support/order-events.js';

const order = streamName('order', '42');

describe('the event store in memory', () => {
  it('is isolated: two stores share nothing', async () => {
    const one = inMemoryEventStore({ events: ORDER_EVENTS });
    const two = inMemoryEventStore({ events: ORDER_EVENTS });
    await one.append(order, counted(1));
    expect(await two.status(order)).toEqual({ state: 'missing', version: 0 });
    expect(one.identity).not.toBe(two.identity);
    expect(one.another().identity).toBe(one.identity);
    expect(one.name).toBe('in-memory');
  });

  it('decodes with the event types of the handle', async () => {
    const store = inMemoryEventStore({ events: ORDER_EVENTS });
    await store.append(order, [new OrderPlaced('ada')]);
    const [event] = await collect(store.another({ events: [], onUnknownEvent: 'raw' }).read(order));
    expect(event?.data).toEqual({ customer: 'ada' });
    expect(event?.data.constructor).toBe(Object);
    const [same] = await collect(store.another().read(order));
    expect(same?.data).toBeInstanceOf(OrderPlaced);
  });

  it('rejects commits above its payload limit', async () => {
    const store = inMemoryEventStore({ events: ORDER_EVENTS, maxPayload: 1_000 });
    await store.append(order, counted(1));
    const error = await rejection(store.append(order, [new OrderPlaced('x'.repeat(1_000))]));
    expect(error).toMatchObject({ name: 'PayloadTooLargeError', limit: 1_000 });
  });

  it.each<[string, object]>([
    ['an invalid store name', { name: 'a.b', events: [] }],
    ['no event classes', {}],
    ['a payload limit of 0', { events: [], maxPayload: 0 }],
    ['a misspelt option', { events: [], servers: 'nats://127.0.0.1' }],
  ])('rejects %s', (_, options) => {
    expect(() => inMemoryEventStore(options as never)).toThrow(
      expect.objectContaining({ name: 'InvalidOptionError' }),
    );
  });

  it('rejects two classes with one event type', () => {
    expect(() => inMemoryEventStore({ events: [OrderPlaced, OrderPlaced] })).toThrow(
      expect.objectContaining({ name: 'EventRegistrationError' }),
    );
  });

  it('takes timestamps from the clock, which a test can set, and they never decrease', async () => {
    jest.useFakeTimers({ now: new Date('2030-01-01T00:00:00Z') });
    try {
      const store = inMemoryEventStore({ events: ORDER_EVENTS });
      await store.append(order, counted(1));
      jest.setSystemTime(new Date('2029-01-01T00:00:00Z'));
      await store.append(order, counted(2));
      jest.setSystemTime(new Date('2031-01-01T00:00:00Z'));
      await store.append(order, counted(3));
      const times = (await collect(store.read(order))).map(({ time }) => time?.getUTCFullYear());
      expect(times).toEqual([2030, 2030, 2031]);
      const later = await collect(store.readAll({ from: { time: new Date('2030-06-01T00:00:00Z') } }));
      expect(later.map(({ version }) => Number(version))).toEqual([3]);
    } finally {
      jest.useRealTimers();
    }
  });

  it('returns commits without their time to a repository', async () => {
    const store = inMemoryEventStore({ events: ORDER_EVENTS });
    await store.append(order, counted(1));
    const { commits } = await store.readCommits(order);
    expect(commits.map(({ time }) => time)).toEqual([undefined]);
  });

  it('fails with CommitRemovedError, like a server, if lookedUpTo skips the commit of the command', async () => {
    const store = inMemoryEventStore({ events: ORDER_EVENTS });
    await store.append(order, counted(1), { commandId: 'c' });
    const again = store.append(order, counted(1), { commandId: 'c', lookedUpTo: 1 });
    expect(await rejection(again)).toMatchObject({ name: 'CommitRemovedError', stream: 'order/42' });
  });
});
