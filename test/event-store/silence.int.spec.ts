import { streamName, type StreamName } from '../../src/event/stream-name.js';
import type { JetStreamEventStore } from '../../src/event-store/jetstream-event-store.js';
import type { Subscription } from '../../src/event-store/replay/subscription.js';
import { openStore, sharedServerUrl, uniqueStoreName } from '../shared-server.js';
import { collect, until } from '../support/collect.js';
import { counted, type Counted, ORDER_EVENTS, OrderPlaced } from '../support/order-events.js';
import { TcpProxy } from '../support/tcp-proxy.js';

/** What a peer that fell silent may cost, with slack for a machine that is busy. */
const HEALED_MS = 7_000;

const name = uniqueStoreName();
let proxy: TcpProxy;
/** Connected through the proxy. */
let store: JetStreamEventStore;
/** Connected directly. */
let elsewhere: JetStreamEventStore;
let order: StreamName;
let lastId = 0;

beforeAll(async () => {
  elsewhere = await openStore({ name, events: ORDER_EVENTS });
});

beforeEach(async () => {
  proxy = await TcpProxy.to(Number(new URL(sharedServerUrl()).port));
  store = await openStore({ servers: proxy.url, name, events: ORDER_EVENTS });
  order = streamName('order', `id-${++lastId}`);
  await store.append(order, counted(1));
});

afterEach(async () => {
  await store.close();
  await proxy[Symbol.asyncDispose]();
});

async function timed<T>(work: Promise<T>): Promise<{ result: T; ms: number }> {
  const begun = performance.now();
  const result = await work;
  return { result, ms: performance.now() - begun };
}

describe('a route that is dropped without a word', () => {
  it('is noticed and left within 5 s, by an append and by reads', async () => {
    proxy.swallow();
    const [appended, read, all, status] = await Promise.all([
      timed(store.append(order, counted(2), { expect: 1 })),
      timed(collect(store.read(order))),
      timed(collect(store.readAll({ categories: ['order'] }))),
      timed(store.status(order, { consistency: 'leader' })),
    ]);
    expect(appended.result).toMatchObject({ version: 2, committed: true });
    expect(read.result.length).toBeGreaterThan(0);
    for (const { ms } of [appended, read, all, status]) expect(ms).toBeLessThan(HEALED_MS);
  }, 30_000);

  it('is noticed with much waiting to be sent', async () => {
    proxy.swallow();
    // more than the system takes for a connection that nobody reads from
    const large = 'x'.repeat(500_000);
    const many = Array.from({ length: 40 }, async (_, n) =>
      store.append(streamName('order', `large-${lastId}-${n}`), [new OrderPlaced(large)]),
    );
    const { ms } = await timed(Promise.all(many));
    expect(ms).toBeLessThan(HEALED_MS * 2);
  }, 60_000);

  it('is noticed by a subscription that waits for events', async () => {
    const heard: number[] = [];
    await using subscription: Subscription = store.subscribe({
      categories: ['order'],
      onEvent: ({ data, stream }) => {
        if (stream.id === order.id) heard.push((data as Counted).n);
      },
    });
    await until('it has caught up', () => subscription.caughtUp);
    proxy.swallow();
    await elsewhere.append(order, counted(2), { expect: 1 });
    const { ms } = await timed(until('the event is heard', () => heard.length === 2));
    expect(heard).toEqual([1, 2]);
    expect(ms).toBeLessThan(HEALED_MS);
  }, 30_000);
});
