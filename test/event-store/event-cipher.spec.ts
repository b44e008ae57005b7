import type { CommitEvent, StoredCommit } from '../../src/event/commit.js';
import type { EventCipher } from '../../src/event/event-cipher.js';
import { asVersion } from '../../src/event/version.js';
import { repository } from '../../src/aggregate/repository.js';
import { recordedEventAt } from '../../src/event-store/read/recorded-event-at.js';
import { inMemoryEventStore } from '../../src/testing/in-memory/in-memory-event-store.js';
import { collect } from '../support/collect.js';
import { Order, ORDER_EVENTS, OrderItemAdded } from '../aggregate/order.js';

/** Turns the texts of data round, with keys that come later; counts the batches that it opened. */
class Reversing implements EventCipher {
  opened = 0;

  async seal(_: unknown, events: readonly CommitEvent[]): Promise<readonly CommitEvent[]> {
    await new Promise(setImmediate);
    return events.map((event) => ({ ...event, data: reversed(event.data) }));
  }

  async open(commits: readonly StoredCommit[]): Promise<readonly StoredCommit[]> {
    this.opened += 1;
    await new Promise(setImmediate);
    return commits.map((commit) => ({
      ...commit,
      events: commit.events.map((event) => ({ ...event, data: reversed(event.data) })),
    }));
  }
}

function reversed(data: unknown): unknown {
  const turn = (value: unknown): unknown =>
    typeof value === 'string' ? value.split('').toReversed().join('') : value;
  return Object.fromEntries(Object.entries(data as object).map(([key, value]) => [key, turn(value)]));
}

function plain(event: object | undefined): object {
  return Object.assign({}, event);
}

describe('a store with a cipher', () => {
  const cipher = new Reversing();
  const store = inMemoryEventStore({ events: ORDER_EVENTS, cipher });
  const events = [new OrderItemAdded('pen', 1), new OrderItemAdded('ink', 2)];

  beforeAll(async () => {
    await store.append('order/1', events, { expect: 'none' });
    await store.transact([{ stream: 'order/2', events: [new OrderItemAdded('cup', 3)] }]);
  });

  it('stores events encrypted', async () => {
    const plain = store.another({ events: ORDER_EVENTS });
    const [first] = await collect(plain.read('order/1'));
    expect(first?.data).toEqual(new OrderItemAdded('nep', 1));
  });

  it('gives them back readable, by every kind of read', async () => {
    const all = [...events, new OrderItemAdded('cup', 3)];
    expect((await collect(store.read('order/1'))).map(({ data }) => data)).toEqual(events);
    expect((await collect(store.readAll())).map(({ data }) => data)).toEqual(all);
    const backward = await collect(store.readAll({ direction: 'backward' }));
    expect(backward.map(({ data }) => data)).toEqual(all.toReversed());
    const { commits } = await store.readCommits('order/1', { after: asVersion(1) });
    expect(commits[0]?.events[0]?.data).toMatchObject(plain(events[0]));
    const [event] = await collect(store.read('order/2'));
    expect((await store.eventAt(event!.position))?.data).toEqual(new OrderItemAdded('cup', 3));
    for await (const batch of store.follow({})) {
      expect(batch.commits.map((commit) => commit.events[0]?.data)).toEqual([
        plain(events[0]),
        plain(all[2]),
      ]);
      break;
    }
  });

  it('gives an event at a position, which is decrypted once', async () => {
    const [event] = await collect(store.read('order/2'));
    const place = { position: event!.position, eventId: event!.id };
    expect((await recordedEventAt(store, place))?.data).toEqual(new OrderItemAdded('cup', 3));
    expect(await recordedEventAt(store, { ...place, eventId: 'other' })).toBeUndefined();
  });

  it('opens a batch of commits at a time', async () => {
    cipher.opened = 0;
    await collect(store.readAll());
    expect(cipher.opened).toBe(1);
  });

  it('lets repositories fold on from what they have stored', async () => {
    const orders = repository(store, Order);
    await orders.create('9', (order) => order.payIn(5));
    await orders.update('9', (order) => order.add('pen', 1));
    const { items } = await orders.load('9');
    const { value } = await orders.update('9', (order) => order.items);
    expect([items, value]).toEqual([['pen'], ['pen']]);
  });
});
