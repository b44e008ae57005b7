import type { JetStreamEventStore } from '../../src/event-store/jetstream-event-store.js';
import type { RecordedEvent } from '../../src/event/recorded-event.js';
import { openStore, uniqueStoreName } from '../shared-server.js';
import { until } from '../support/collect.js';
import { Counted, counted, ORDER_EVENTS, OrderPlaced, OrderShipped } from '../support/order-events.js';
import { recorded, type Recorded, startReactors, stopReactors } from './reactor-service.js';

afterEach(stopReactors);

const BUS = { categories: ['$bus'] };

async function open(): Promise<JetStreamEventStore> {
  return openStore({ name: uniqueStoreName(), events: ORDER_EVENTS });
}

function numberOf({ data }: RecordedEvent): number {
  return (data as Counted).n;
}

/** The events that a reactor was called with, in that order. */
function dataOf({ calls }: Recorded): unknown[] {
  return calls.map(({ event }) => event.data);
}

describe('a reactor of notifications', () => {
  it('gets those of its types only, and no events of streams', async () => {
    const store = await open();
    const placed = recorded({ name: 'placed', ...BUS, events: [OrderPlaced] });
    const all = recorded({ name: 'all', ...BUS });
    const streams = recorded({ name: 'streams', categories: ['order'] });
    const both = recorded({ name: 'both', categories: ['order', '$bus'], events: [OrderPlaced] });
    const any = recorded({ name: 'any' });
    const each = [placed, all, streams, both, any];
    const reactors = await startReactors(
      store,
      each.map(({ definition }) => definition),
    );
    await store.append('order/1', [new OrderPlaced('stream')]);
    const { positions } = await store.notify([new OrderPlaced('bus'), new OrderShipped('ups')]);
    for (const position of positions) await reactors.waitUntilHandled(position);
    await until('the last one', () => both.calls.length === 2 && any.calls.length === 3);
    expect(dataOf(placed)).toEqual([new OrderPlaced('bus')]);
    expect(new Set(dataOf(all))).toEqual(new Set([new OrderPlaced('bus'), new OrderShipped('ups')]));
    expect(dataOf(streams)).toEqual([new OrderPlaced('stream')]);
    expect(new Set(dataOf(both))).toEqual(new Set([new OrderPlaced('stream'), new OrderPlaced('bus')]));
    expect(all.calls.map(({ event: { stream, version } }) => [String(stream), version])).toEqual(
      Array.from({ length: 2 }, () => [expect.stringMatching(/^\$bus\//), expect.any(Number)]),
    );
    const [status] = await reactors.status();
    expect(status).toMatchObject({ reactor: 'placed', state: 'idle', lanes: [{ pending: 0 }] });
  });

  it('handles several of one type at a time: they have no order', async () => {
    const store = await open();
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    const { definition, handled, calls } = recorded({ ...BUS, concurrency: 5 }, async (event) => {
      if (numberOf(event) === 1) await held;
    });
    await startReactors(store, [definition]);
    await store.notify(counted(1, 5));
    await until('the others are handled', () => handled.length === 4);
    expect(new Set(calls.map(({ event }) => numberOf(event)))).toEqual(new Set([1, 2, 3, 4, 5]));
    release();
    await until('the first one as well', () => handled.length === 5);
  });

  it('goes on with the others while one fails, and tries that one again', async () => {
    const store = await open();
    const done: number[] = [];
    const options = { ...BUS, concurrency: 1, maxAttempts: 1_000 };
    const { definition, calls } = recorded(options, (event) => {
      if (numberOf(event) === 1 && done.length < 3) throw new TypeError('not yet');
      done.push(numberOf(event));
    });
    await startReactors(store, [definition]);
    await store.notify(counted(1, 4));
    await until('all are done', () => done.length === 4);
    expect([new Set(done), done[3]]).toEqual([new Set([1, 2, 3, 4]), 1]);
    expect(calls.filter(({ event }) => numberOf(event) === 1).at(-1)?.context.attempt).toBeGreaterThan(1);
  });

  it('parks one that keeps failing with its event, and handles it when it is redriven', async () => {
    const store = await open();
    let isBroken = true;
    const { definition, calls } = recorded({ ...BUS, maxAttempts: 2 }, (event) => {
      if (isBroken && numberOf(event) === 2) throw new TypeError('no');
    });
    const reactors = await startReactors(store, [definition]);
    const { positions } = await store.notify(counted(1, 3));
    await until('it is parked', async () => (await reactors.parked()).length === 1);
    const [parked] = await reactors.parked();
    expect(parked).toMatchObject({ position: positions[1], attempts: 2, error: { message: 'no' } });
    const { event } = await reactors.parkedEvent(parked?.id ?? 0);
    expect(event?.data).toEqual(new Counted(2));
    isBroken = false;
    expect(await reactors.redrive('all')).toBe(1);
    await until('it is gone', async () => (await reactors.parked()).length === 0 && calls.length === 5);
    expect(calls[4]).toMatchObject({
      event: { data: new Counted(2) },
      context: { attempt: 1, isRedriven: true },
    });
  });

  it('gets old ones where it begins at the beginning, by as many lanes as it has', async () => {
    const store = await open();
    await store.notify(counted(1, 20));
    const old = recorded({ name: 'old', ...BUS, from: 'beginning', lanes: 4 });
    const young = recorded({ name: 'young', ...BUS });
    const reactors = await startReactors(store, [old.definition, young.definition]);
    const { positions } = await store.notify(counted(21, 21));
    for (const position of positions) await reactors.waitUntilHandled(position);
    await until('all are handled', () => old.calls.length === 21);
    const numbers = old.calls.map(({ event }) => numberOf(event));
    expect(numbers.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 21 }, (_, index) => index + 1));
    expect(young.calls.map(({ event }) => numberOf(event))).toEqual([21]);
  });
});
