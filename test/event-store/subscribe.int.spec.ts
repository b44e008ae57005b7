import { storedStream, streamName } from '../../src/event/stream-name.js';
import { comparePositions, type Position, positionOf } from '../../src/event/position.js';
import type { RecordedEvent } from '../../src/event/recorded-event.js';
import type { JetStreamEventStore } from '../../src/event-store/jetstream-event-store.js';
import type { SubscribeOptions } from '../../src/event-store/replay/subscribe-options.js';
import type { Subscription } from '../../src/event-store/replay/subscription.js';
import { CorruptStreamError } from '../../src/event/event-errors.js';
import { sleep } from '../../src/kernel/sleep.js';
import { openStore, sharedServerUrl, uniqueStoreName } from '../shared-server.js';
import { collect, rejection, until } from '../support/collect.js';
import { counted, type Counted, ORDER_EVENTS, OrderPlaced } from '../support/order-events.js';
import { RawNats } from '../support/raw-nats.js';
import { TcpProxy } from '../support/tcp-proxy.js';

let raw: RawNats;

beforeAll(async () => {
  raw = await RawNats.open();
});

afterAll(async () => {
  await raw.nc.close();
});

async function newStore(): Promise<JetStreamEventStore> {
  return openStore({ name: uniqueStoreName(), events: ORDER_EVENTS });
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, index) => from + index);
}

/** Events 1 to 60 in commits of three, over two categories. */
async function filled(): Promise<JetStreamEventStore> {
  const store = await newStore();
  for (let n = 1; n <= 60; n += 3)
    await store.append(streamName(n % 2 === 0 ? 'order' : 'payment', `id-${n % 5}`), counted(n, n + 2));
  return store;
}

/** A subscription that collects the numbers of its events. */
function subscribed(
  store: JetStreamEventStore,
  options: Partial<SubscribeOptions> = {},
): { subscription: Subscription; found: number[]; log: string[] } {
  const found: number[] = [];
  const log: string[] = [];
  const subscription = store.subscribe({
    onEvent: ({ data }) => void found.push((data as Counted).n),
    onCaughtUp: () => void log.push(`caught up at ${found.length}`),
    onRecovery: (reason) => void log.push(reason),
    ...options,
  });
  return { subscription, found, log };
}

async function caughtUp(subscription: Subscription): Promise<void> {
  await until('caught up', () => subscription.caughtUp);
}

describe('subscribe', () => {
  it('delivers stored events, then new ones, each once and in order of position', async () => {
    const store = await filled();
    const positions: Position[] = [];
    const { subscription, found, log } = subscribed(store, {
      onEvent: ({ data, position, time }) => {
        found.push((data as Counted).n);
        positions.push(position);
        expect(time).toBeInstanceOf(Date);
      },
    });
    expect(subscription.caughtUp).toBe(false);
    expect(subscription.position).toBeUndefined();
    await caughtUp(subscription);
    expect(found).toEqual(range(1, 60));
    for (let n = 61; n <= 90; n += 1) await store.append(streamName('order', `id-${n % 3}`), counted(n));
    await until('all there', () => found.length >= 90);
    expect(found).toEqual(range(1, 90));
    expect(positions).toEqual(positions.toSorted(comparePositions));
    expect(subscription.position).toBe(positions.at(-1));
    expect(log[0]).toBe('caught up at 60');
    await subscription.stop();
    await subscription.closed;
    expect(subscription.caughtUp).toBe(false);
    await until('no consumer', async () => (await raw.consumers(store.name)).length === 0, 3_000);
  });

  it('of an empty store has caught up at once', async () => {
    const store = await newStore();
    const { subscription, found, log } = subscribed(store);
    await caughtUp(subscription);
    expect(log).toEqual(['caught up at 0']);
    await store.append(streamName('order', '1'), counted(1, 2));
    await until('the first events', () => found.length === 2, 2_000);
    await subscription.stop();
  });

  it('starts at any event and after any event, also inside commits', async () => {
    const store = await filled();
    const positions = (await collect(store.readAll())).map(({ position }) => position);
    for (const [index, position] of positions.entries()) {
      if (index % 5 > 2) continue;
      for (const [from, first] of [
        [{ position }, index + 1],
        [{ after: position }, index + 2],
      ] as const) {
        const { subscription, found } = subscribed(store, { from });
        await caughtUp(subscription);
        expect(found).toEqual(range(first, 60));
        await subscription.stop();
      }
    }
  });

  it('starts at a sequence or at a time', async () => {
    const store = await filled();
    for (const [from, expected] of [
      [{ sequence: 20 }, range(58, 60)],
      [{ time: new Date(0) }, range(1, 60)],
      [{ time: new Date(Date.now() + 3_600_000) }, []],
    ] as const) {
      const { subscription, found } = subscribed(store, { from });
      await caughtUp(subscription);
      expect(found).toEqual(expected);
      await subscription.stop();
    }
  });

  it('refuses a start that is not stored yet, and begins right after the end', async () => {
    const store = await filled();
    const end = await store.lastSequence();
    const beyond = subscribed(store, { from: { after: positionOf(end + 2, 0) } });
    expect(await rejection(beyond.subscription.closed)).toMatchObject({ code: 'start-not-in-log' });
    const { subscription, found } = subscribed(store, { from: { sequence: end + 1 } });
    await caughtUp(subscription);
    await store.append(streamName('order', 'x'), counted(220, 221));
    await until('the events', () => found.length >= 2);
    expect(found).toEqual([220, 221]);
    await subscription.stop();
  });

  it('filters by categories and types', async () => {
    const store = await filled();
    const { position } = await store.append(streamName('order', 'typed'), [
      new OrderPlaced('ada'),
      ...counted(7),
    ]);
    const seen: RecordedEvent[] = [];
    const { subscription } = subscribed(store, {
      categories: ['order'],
      types: ['OrderPlaced'],
      onEvent: (event) => void seen.push(event),
    });
    await caughtUp(subscription);
    expect(seen).toMatchObject([{ type: 'OrderPlaced', data: { customer: 'ada' }, version: 1 }]);
    expect(subscription.position).toBe(position);
    await subscription.stop();
  });

  it('leaves out system categories unless they are named', async () => {
    const store = await newStore();
    await store.append(storedStream('$saga', 'x'), counted(7));
    await raw.store(`${store.name}.6.$other.x`, 'not even a commit');
    await store.append(streamName('order', '1'), counted(1));
    const without = subscribed(store);
    await caughtUp(without.subscription);
    expect(without.found).toEqual([1]);
    const named = subscribed(store, { categories: ['$saga'] });
    await caughtUp(named.subscription);
    expect(named.found).toEqual([7]);
    await Promise.all([without.subscription.stop(), named.subscription.stop()]);
    expect(await store.eventAt('1.0' as Position)).toBeUndefined();
  });

  it.each<[string, object]>([
    ['no handler', { onEvent: undefined }],
    ['a handler that is not a function', { onEvent: 5 }],
    ['a callback that is not a function', { onCaughtUp: 'x' }],
    ['a made-up position', { from: { position: 'abc' } }],
    ['a wildcard as category', { categories: ['*'] }],
    ['categories as text', { categories: 'order' }],
    ['types as text', { types: 'OrderPlaced' }],
    ['a misspelt option', { type: ['A'] }],
  ])('rejects %s before it starts', async (_, options) => {
    const store = await newStore();
    expect(() => store.subscribe({ onEvent: () => undefined, ...options } as never)).toThrow(
      expect.objectContaining({ name: 'InvalidOptionError' }),
    );
  });
});

describe('the handler of a subscription', () => {
  it('gets one event at a time, the next one when it has finished', async () => {
    const store = await filled();
    let running = 0;
    let most = 0;
    const { subscription, found } = subscribed(store, {
      onEvent: async ({ data }) => {
        most = Math.max(most, (running += 1));
        await sleep(1);
        running -= 1;
        found.push((data as Counted).n);
      },
    });
    await caughtUp(subscription);
    expect(found).toEqual(range(1, 60));
    expect(most).toBe(1);
    await subscription.stop();
  });

  it('ends the subscription with the error it throws, and a new subscription delivers that event again', async () => {
    const store = await filled();
    const failure = new RangeError('mine');
    const { subscription, found } = subscribed(store, {
      onEvent: ({ data }) => {
        if ((data as Counted).n === 32) throw failure;
        found.push((data as Counted).n);
      },
    });
    expect(await rejection(subscription.closed)).toBe(failure);
    expect(found).toEqual(range(1, 31));
    await subscription.stop();
    const next = subscribed(store, { from: { after: subscription.position as Position } });
    await caughtUp(next.subscription);
    expect(next.found).toEqual(range(32, 60));
    await next.subscription.stop();
    await until('no consumer', async () => (await raw.consumers(store.name)).length === 0, 3_000);
  });

  it('causes no unhandled rejection if nobody awaits `closed`', async () => {
    const store = await filled();
    const unhandled: unknown[] = [];
    const listener = (reason: unknown): void => void unhandled.push(reason);
    process.on('unhandledRejection', listener);
    store.subscribe({ onEvent: () => Promise.reject(new RangeError('mine')) });
    store.subscribe({
      onEvent: () => undefined,
      onCaughtUp: () => {
        throw new RangeError('mine');
      },
    });
    await until('no consumer', async () => (await raw.consumers(store.name)).length === 0, 3_000);
    await sleep(20);
    process.off('unhandledRejection', listener);
    expect(unhandled).toEqual([]);
  });

  it('completes when the subscription is stopped, and gets no more events', async () => {
    const store = await filled();
    const { subscription, found } = subscribed(store, {
      onEvent: async ({ data }) => {
        await sleep(50);
        found.push((data as Counted).n);
      },
    });
    await until('the second event', () => found.length === 1);
    await sleep(10);
    await Promise.all([subscription.stop(), subscription.stop()]);
    expect(found).toEqual([1, 2]);
    await sleep(80);
    expect(found).toEqual([1, 2]);
  });

  it('can stop its own subscription', async () => {
    const store = await filled();
    const { subscription, found } = subscribed(store, {
      onEvent: async ({ data }) => {
        found.push((data as Counted).n);
        if (found.length === 5) await subscription.stop();
      },
    });
    await subscription.closed;
    expect(found).toEqual(range(1, 5));
    expect(subscription.position).toBe('2.1');
  });

  it('gets nothing after the signal aborts, before the start or during a call', async () => {
    const store = await filled();
    const before = subscribed(store, { signal: AbortSignal.abort() });
    await before.subscription.closed;
    expect(before.found).toEqual([]);
    const controller = new AbortController();
    const { subscription, found } = subscribed(store, { signal: controller.signal });
    await caughtUp(subscription);
    const started = performance.now();
    controller.abort();
    await subscription.closed;
    expect(performance.now() - started).toBeLessThan(500);
    await store.append(streamName('order', 'x'), counted(61));
    await sleep(50);
    expect(found).toEqual(range(1, 60));
  });

  it('slows down the replay if it is slow, so that few events are held in memory', async () => {
    const name = uniqueStoreName();
    const writer = await openStore({ name, events: ORDER_EVENTS });
    const text = 'x'.repeat(500_000);
    const total = 240;
    for (let n = 0; n < total; n += 1) await writer.append(streamName('order', '1'), [new OrderPlaced(text)]);
    await using proxy = await TcpProxy.to(Number(new URL(sharedServerUrl()).port));
    const store = await openStore({ name, servers: proxy.url, events: ORDER_EVENTS });
    let release = (): void => undefined;
    const gate = new Promise<void>((resolve) => (release = resolve));
    let count = 0;
    const subscription = store.subscribe({
      onEvent: async () => {
        count += 1;
        await gate;
      },
    });
    await until('the first event', () => count === 1);
    await sleep(1_000);
    const [consumer = ''] = await raw.consumers(name);
    const info = await raw.api<{ delivered: { stream_seq: number } }>(`CONSUMER.INFO.${name}.${consumer}`);
    // two pulls of 8 MB, and one that has been consumed
    expect(info.delivered.stream_seq).toBeLessThan(80);
    release();
    await until('all', () => count === total, 40_000);
    expect(count).toBe(total);
    await subscription.stop();
    await store.close();
  }, 60_000);
});

describe('a subscription that is cut off', () => {
  it('continues without gap or duplicate through many lost connections', async () => {
    await using proxy = await TcpProxy.to(Number(new URL(sharedServerUrl()).port));
    const name = uniqueStoreName();
    const writer = await openStore({ name, events: ORDER_EVENTS });
    const store = await openStore({
      name,
      servers: proxy.url,
      events: ORDER_EVENTS,
      reconnectTimeWait: 20,
    } as never);
    const { subscription, found, log } = subscribed(store);
    await caughtUp(subscription);
    for (let n = 1; n <= 600; n += 1) {
      await writer.append(streamName('order', `id-${n % 7}`), counted(n));
      if (n % 150 === 0) {
        proxy.cut();
        await sleep(100);
      }
    }
    await until('all there', () => found.length >= 600, 15_000);
    await caughtUp(subscription);
    expect(found).toEqual(range(1, 600));
    expect(log.filter((line) => !line.startsWith('caught up')).length).toBeGreaterThan(0);
    await subscription.stop();
    await store.close();
  }, 30_000);

  it('is not caught up until it knows the end again', async () => {
    const store = await filled();
    const { subscription, log, found } = subscribed(store, {
      onRecovery: (reason) => void log.push(`${reason}; caught up: ${subscription.caughtUp}`),
    });
    await caughtUp(subscription);
    const [consumer = ''] = await raw.consumers(store.name);
    await raw.api(`CONSUMER.DELETE.${store.name}.${consumer}`);
    await until('the recovery', () => log.length > 1);
    await caughtUp(subscription);
    expect(log).toEqual([
      'caught up at 60',
      expect.stringMatching(/deleted.*caught up: false/i),
      'caught up at 60',
    ]);
    await store.append(streamName('order', 'x'), counted(61));
    await until('the next event', () => found.length === 61);
    await subscription.stop();
  });

  it('catches up when the events that it has not read yet are removed', async () => {
    const store = await newStore();
    const text = 'x'.repeat(100_000);
    for (let n = 0; n < 300; n += 1) await store.append(streamName('order', '1'), [new OrderPlaced(text)]);
    let release = (): void => undefined;
    const gate = new Promise<void>((resolve) => (release = resolve));
    const { subscription, log } = subscribed(store, { onEvent: async () => gate });
    await until('a position', async () => (await raw.consumers(store.name)).length > 0);
    await sleep(300);
    await raw.api(`STREAM.PURGE.${store.name}`);
    release();
    await until('caught up', () => subscription.caughtUp, 5_000);
    expect(log).toHaveLength(1);
    await subscription.stop();
  });

  it.each(['while it is live', 'before it begins'])(
    'ends with an error within seconds when its stream is deleted %s',
    async (when) => {
      const store = await filled();
      const early = when === 'before it begins';
      if (early) await raw.api(`STREAM.DELETE.${store.name}`);
      const { subscription } = subscribed(store);
      if (!early) {
        await caughtUp(subscription);
        await raw.api(`STREAM.DELETE.${store.name}`);
      }
      const started = performance.now();
      expect(await rejection(subscription.closed)).toMatchObject({
        name: 'StoreNotFoundError',
        code: 'store-not-found',
        store: store.name,
      });
      expect(performance.now() - started).toBeLessThan(6_500);
    },
  );

  it('ends with an error when its JetStream stream is replaced by a shorter one, instead of waiting until that is as long', async () => {
    const store = await filled();
    const { config } = await raw.api<{ config: object }>(`STREAM.INFO.${store.name}`);
    const { subscription, found } = subscribed(store);
    await caughtUp(subscription);
    await raw.api(`STREAM.DELETE.${store.name}`);
    await raw.api(`STREAM.CREATE.${store.name}`, config);
    const again = await openStore({ name: store.name, events: ORDER_EVENTS });
    await again.append(streamName('order', 'new'), counted(-1));
    expect(await rejection(subscription.closed)).toMatchObject({ name: 'StoreNotFoundError' });
    expect(found).toEqual(range(1, 60));
  });

  it('ends with an error when its JetStream stream is replaced by a longer one, instead of mixing the two', async () => {
    const store = await newStore();
    const order = streamName('order', '1');
    await store.append(order, counted(1));
    await store.append(order, counted(2));
    const { config } = await raw.api<{ config: object }>(`STREAM.INFO.${store.name}`);
    const { subscription, found } = subscribed(store);
    await caughtUp(subscription);
    await raw.api(`STREAM.DELETE.${store.name}`);
    await raw.api(`STREAM.CREATE.${store.name}`, config);
    const again = await openStore({ name: store.name, events: ORDER_EVENTS });
    for (const n of range(11, 15)) await again.append(order, counted(n));
    expect(await rejection(subscription.closed)).toMatchObject({ name: 'StoreNotFoundError' });
    expect(found).toEqual([1, 2]);
  });

  it('that reports messages that are not commits continues after each, and misses nothing', async () => {
    const store = await newStore();
    const order = streamName('order', '1');
    await store.append(order, counted(1, 2));
    const first = await raw.store(`${store.name}.1.order.foreign`, 'not a commit');
    const second = await raw.store(`${store.name}.1.order.foreign`, '{}');
    await store.append(order, counted(3));
    const reported: string[] = [];
    const onCorrupt = ({ position }: { position: string }): void => void reported.push(position);
    const { subscription, found } = subscribed(store, { onCorrupt });
    await caughtUp(subscription);
    const third = await raw.store(`${store.name}.1.order.foreign`, 'again');
    await store.append(order, counted(4));
    await until('the last event has come', () => found.length === 4);
    expect(found).toEqual([1, 2, 3, 4]);
    expect(reported).toEqual([first, second, third].map((sequence) => `${sequence}.0`));
    await subscription.stop();
    await subscription.closed;
  });

  it('does not treat a CorruptStreamError of its handler as one of its own log', async () => {
    const store = await newStore();
    await store.append(streamName('order', '1'), counted(1, 2));
    const thrown = new CorruptStreamError({
      stream: 'other/1',
      position: '1.0',
      reason: 'met by the handler',
    });
    const { subscription } = subscribed(store, {
      onEvent: () => Promise.reject(thrown),
      onCorrupt: () => undefined,
    });
    expect(await rejection(subscription.closed)).toBe(thrown);
  });

  it('ends with the position of a message that is not a commit, after all events before it', async () => {
    const store = await filled();
    const { subscription, found } = subscribed(store);
    await caughtUp(subscription);
    await store.append(streamName('order', 'x'), counted(61));
    const sequence = await raw.store(`${store.name}.1.order.foreign`, 'not a commit');
    expect(await rejection(subscription.closed)).toMatchObject({
      name: 'CorruptStreamError',
      position: `${sequence}.0`,
    });
    expect(found).toEqual(range(1, 61));
    expect(await rejection(store.eventAt(`${sequence}.0` as Position))).toMatchObject({
      name: 'CorruptStreamError',
      position: `${sequence}.0`,
    });
  });

  it('ends with an error soon after its store is closed, and does not start on a closed one', async () => {
    const store = await filled();
    const { subscription } = subscribed(store);
    await caughtUp(subscription);
    await store.close();
    expect(await rejection(subscription.closed)).toMatchObject({ name: 'ConnectionClosedError' });
    expect(await rejection(subscribed(store).subscription.closed)).toMatchObject({
      name: 'ConnectionClosedError',
    });
  });
});
