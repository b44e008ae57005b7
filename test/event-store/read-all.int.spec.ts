import { streamName } from '../../src/event/stream-name.js';
import type { CommitBatch } from '../../src/event-store/replay/follow-options.js';
import type { ReadAllOptions } from '../../src/event-store/replay/read-all-options.js';
import type { JetStreamEventStore } from '../../src/event-store/jetstream-event-store.js';
import type { Position } from '../../src/event/position.js';
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

async function numbers(store: JetStreamEventStore, options?: ReadAllOptions): Promise<number[]> {
  return (await collect(store.readAll(options))).map(({ data }) => (data as Counted).n);
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, index) => from + index);
}

/** Events 1 to 60 in commits of three, over five streams of two categories. */
async function filled(): Promise<JetStreamEventStore> {
  const store = await newStore();
  for (let n = 1; n <= 60; n += 3) {
    await store.append(streamName(n % 2 === 0 ? 'order' : 'payment', `id-${n % 5}`), counted(n, n + 2));
  }
  return store;
}

describe('readAll', () => {
  let store: JetStreamEventStore;
  let positions: Position[];

  beforeAll(async () => {
    store = await filled();
    positions = (await collect(store.readAll())).map(({ position }) => position);
  });

  it('returns all events of all streams in the order they were stored', async () => {
    expect(await numbers(store)).toEqual(range(1, 60));
  });

  it('of an empty store is empty', async () => {
    expect(await collect((await newStore()).readAll())).toEqual([]);
  });

  it('starts at any event and after any event, also inside a commit', async () => {
    for (const [index, position] of positions.entries()) {
      expect(await numbers(store, { from: { position } })).toEqual(range(index + 1, 60));
      expect(await numbers(store, { from: { after: position } })).toEqual(range(index + 2, 60));
    }
  });

  it('starts at a sequence of the log', async () => {
    expect(await numbers(store, { from: { sequence: 1 } })).toEqual(range(1, 60));
    expect(await numbers(store, { from: { sequence: 20 } })).toEqual([58, 59, 60]);
    expect(await numbers(store, { from: { sequence: 21 } })).toEqual([]);
    expect(await rejection(numbers(store, { from: { sequence: 5_000 } }))).toMatchObject({
      code: 'start-not-in-log',
    });
  });

  it('starts at a timestamp of the server', async () => {
    const [, , , fourth] = await collect(store.readAll());
    const from = await numbers(store, { from: { time: fourth?.time ?? new Date(0) } });
    // a Date cannot distinguish commits of the same millisecond
    expect([1, 4]).toContain(from[0]);
    expect(from.at(-1)).toBe(60);
    expect(await numbers(store, { from: { time: new Date(0) } })).toEqual(range(1, 60));
    expect(await numbers(store, { from: { time: new Date(Date.now() + 3_600_000) } })).toEqual([]);
  });

  it('filters by categories and types', async () => {
    const even = (n: number): boolean => (Math.ceil(n / 3) * 3 - 2) % 2 === 0;
    expect(await numbers(store, { categories: ['order'] })).toEqual(range(1, 60).filter(even));
    expect(await numbers(store, { categories: ['order', 'payment'] })).toEqual(range(1, 60));
    expect(await numbers(store, { categories: ['order', 'order'] })).toEqual(range(1, 60).filter(even));
    expect(await numbers(store, { categories: ['nothing'] })).toEqual([]);
    await store.append(streamName('order', 'typed'), [new OrderPlaced('ada'), ...counted(61)]);
    expect(await collect(store.readAll({ types: ['OrderPlaced'] }))).toMatchObject([
      { data: { customer: 'ada' } },
    ]);
    expect(await collect(store.readAll({ types: ['Unknown'] }))).toEqual([]);
  });

  it.each<[string, object]>([
    ['a sequence of 0', { from: { sequence: 0 } }],
    ['a fractional sequence', { from: { sequence: 1.5 } }],
    ['an invalid date', { from: { time: new Date('x') } }],
    ['a time that is not a date', { from: { time: 5 } }],
    ['a made-up position', { from: { position: 'abc' } }],
    ['an unknown start', { from: {} }],
    ['a start as text', { from: '1.0' }],
    ['null as start', { from: null }],
    ['a wildcard as category', { categories: ['*'] }],
    ['an injected category', { categories: ['a.>'] }],
    ['a misspelt option', { type: ['A'] }],
  ])('rejects %s', async (_, options) => {
    expect(await rejection(collect(store.readAll(options as never)))).toMatchObject({
      name: 'InvalidOptionError',
    });
    expect(await raw.consumers(store.name)).toEqual([]);
  });

  it('removes its consumer if it ends, if the loop is left, and if the loop throws', async () => {
    await collect(store.readAll());
    await collect(store.readAll(), 2);
    const failure = new RangeError('mine');
    const failing = async (): Promise<void> => {
      for await (const event of store.readAll()) if (event.version > 0) throw failure;
    };
    expect(await rejection(failing())).toBe(failure);
    await until('no consumer', async () => (await raw.consumers(store.name)).length === 0, 3_000);
  });

  it('ends with the reason of its signal, before it starts and between two events of one batch', async () => {
    const reason = new RangeError('enough');
    expect(await rejection(collect(store.readAll({ signal: AbortSignal.abort(reason) })))).toBe(reason);
    const controller = new AbortController();
    const seen: unknown[] = [];
    const reading = async (): Promise<void> => {
      for await (const event of store.readAll({ signal: controller.signal })) {
        seen.push(event);
        controller.abort(reason);
      }
    };
    expect(await rejection(reading())).toBe(reason);
    // the current commit may still be completed
    expect(seen.length).toBeLessThanOrEqual(3);
    await until('no consumer', async () => (await raw.consumers(store.name)).length === 0, 3_000);
  });
});

describe('readAll while others write and remove', () => {
  it('ends at the end that the log had when it started, even if more has been delivered', async () => {
    const store = await newStore();
    const append = async (from: number, to: number): Promise<unknown> =>
      Promise.all(range(from, to).map(async (n) => store.append(streamName('order', String(n)), counted(n))));
    for (const start of [1, 501, 1_001]) await append(start, start + 499);
    const seen: number[] = [];
    for await (const { data } of store.readAll()) {
      seen.push((data as Counted).n);
      if (seen.length !== 1) continue;
      await append(1_501, 1_510);
      // enough time for them to be delivered as well
      await sleep(50);
    }
    expect(seen).toHaveLength(1_500);
    expect(Math.max(...seen)).toBe(1_500);
  });

  it('returns exactly the events that existed when it started, during constant appends', async () => {
    const store = await newStore();
    let n = 0;
    let stop = false;
    const writing = (async (): Promise<void> => {
      while (!stop)
        await Promise.all(
          range(1, 20).map(async () => store.append(streamName('order', 'w'), counted((n += 1)))),
        );
    })();
    await until('something written', () => n > 400);
    for (let round = 0; round < 10; round += 1) {
      const before = await store.lastSequence();
      const events = await collect(store.readAll());
      const after = await store.lastSequence();
      const last = Number(events.at(-1)?.position.split('.')[0]);
      expect(events).toHaveLength(last);
      expect(last).toBeGreaterThanOrEqual(before);
      expect(last).toBeLessThanOrEqual(after);
    }
    stop = true;
    await writing;
  });

  it('does not hang when commits that it has not read yet are removed', async () => {
    const store = await newStore();
    const text = 'x'.repeat(20_000);
    // more than one pull returns, so that the rest is removed before it is sent
    for (let n = 0; n < 1_500; n += 100) {
      await Promise.all(
        range(1, 100).map(async (i) =>
          store.append(streamName('order', `${n + i}`), [new OrderPlaced(text)]),
        ),
      );
    }
    let seen = 0;
    for await (const event of store.readAll()) {
      seen += 1;
      if (seen === 1) await raw.api(`STREAM.PURGE.${store.name}`);
      expect(event.type).toBe('OrderPlaced');
    }
    expect(await raw.messageCount(store.name)).toBe(0);
    expect(seen).toBeLessThan(1_500);
  });

  it('skips commits that were removed before', async () => {
    const store = await filled();
    for (const seq of [1, 7, 20]) await raw.api(`STREAM.MSG.DELETE.${store.name}`, { seq });
    const removed = new Set([1, 2, 3, 19, 20, 21, 58, 59, 60]);
    expect(await numbers(store)).toEqual(range(1, 60).filter((n) => !removed.has(n)));
    expect(await numbers(store, { from: { position: '7.1' as Position } })).toEqual(range(22, 57));
  });

  it('returns each event once from a store that needs several pulls', async () => {
    const store = await newStore();
    const total = 12_500;
    for (let n = 0; n < total; n += 500) {
      await Promise.all(
        range(n + 1, n + 500).map(async (i) => store.append(streamName('order', `${i % 400}`), counted(i))),
      );
    }
    const found = await numbers(store);
    expect(found).toHaveLength(total);
    expect(new Set(found).size).toBe(total);
  }, 60_000);
});

describe('follow', () => {
  /** Follows the store in the background and collects the numbers. */
  function following(store: JetStreamEventStore, options: Parameters<JetStreamEventStore['follow']>[0] = {}) {
    const controller = new AbortController();
    const batches: CommitBatch[] = [];
    const recoveries: string[] = [];
    const done = (async (): Promise<void> => {
      const onRecovery = (reason: string): void => void recoveries.push(reason);
      for await (const batch of store.follow({ onRecovery, ...options, signal: controller.signal }))
        batches.push(batch);
    })();
    const stop = async (): Promise<void> => {
      controller.abort();
      await done;
    };
    const found = (): number[] =>
      batches.flatMap(({ commits }) =>
        commits.flatMap(({ events }) => events.map(({ data }) => (data as Counted).n)),
      );
    return { batches, recoveries, done, stop, found };
  }

  it('returns stored and new commits, each once and in order, and reports when it has caught up', async () => {
    const store = await filled();
    const follower = following(store);
    await until('caught up', () => follower.batches.at(-1)?.caughtUp === true);
    expect(follower.found()).toEqual(range(1, 60));
    for (let n = 61; n <= 100; n += 1) await store.append(streamName('order', `id-${n % 3}`), counted(n));
    await until('all there', () => follower.found().length >= 100);
    expect(follower.found()).toEqual(range(1, 100));
    await follower.stop();
    expect(follower.recoveries).toEqual([]);
    await until('no consumer', async () => (await raw.consumers(store.name)).length === 0, 3_000);
  });

  it('of an empty store has caught up at once, and returns the first commit', async () => {
    const store = await newStore();
    const follower = following(store);
    await until('caught up', () => follower.batches.at(-1)?.caughtUp === true, 2_000);
    expect(follower.found()).toEqual([]);
    await store.append(streamName('order', '1'), counted(1));
    await until('the first commit', () => follower.found().length === 1, 2_000);
    await follower.stop();
  });

  it('starts after a position, at a whole commit: after the last event of a commit at the next one', async () => {
    const store = await filled();
    const firstOf = async (from: object): Promise<number | undefined> => {
      for await (const { commits } of store.follow({ from: from as never })) {
        const [first] = commits;
        if (first !== undefined) return first.events.map(({ data }) => (data as Counted).n)[0];
      }
      return undefined;
    };
    expect(await firstOf({ position: '2.1' })).toBe(4);
    expect(await firstOf({ after: '2.1' })).toBe(4);
    expect(await firstOf({ after: '2.2' })).toBe(7);
    expect(await firstOf({ sequence: 3 })).toBe(7);
  });

  it('filters by categories and respects the maximum batch size', async () => {
    const store = await filled();
    const follower = following(store, { categories: ['order'], maxBatch: 3 });
    await until('caught up', () => follower.batches.at(-1)?.caughtUp === true);
    expect(follower.found()).toHaveLength(30);
    expect(Math.max(...follower.batches.map(({ commits }) => commits.length))).toBe(3);
    await follower.stop();
  });

  it.each<[string, object]>([
    ['a batch of 0', { maxBatch: 0 }],
    ['a misspelt option', { batch: 5 }],
    ['an injected category', { categories: ['order.>'] }],
  ])('rejects %s', async (_, options) => {
    const store = await newStore();
    expect(await rejection(collect(store.follow(options as never), 1))).toMatchObject({
      name: 'InvalidOptionError',
    });
  });

  it('ends without an error when its signal aborts, also before it starts', async () => {
    const store = await newStore();
    expect(await collect(store.follow({ signal: AbortSignal.abort() }))).toEqual([]);
    const follower = following(store);
    await until('caught up', () => follower.batches.length > 0);
    const started = performance.now();
    await follower.stop();
    expect(performance.now() - started).toBeLessThan(500);
  });

  it('ends with an error soon after its store is closed', async () => {
    const store = await newStore();
    const follower = following(store);
    const ended = rejection(follower.done);
    await until('caught up', () => follower.batches.length > 0);
    const started = performance.now();
    await store.close();
    expect(await ended).toMatchObject({ name: 'ConnectionClosedError' });
    expect(performance.now() - started).toBeLessThan(1_000);
  });

  it('notices within about 3 seconds that its consumer was deleted, and continues without gap or duplicate', async () => {
    const store = await filled();
    const follower = following(store);
    await until('caught up', () => follower.batches.at(-1)?.caughtUp === true);
    const [consumer = ''] = await raw.consumers(store.name);
    const started = performance.now();
    expect(await raw.api(`CONSUMER.DELETE.${store.name}.${consumer}`)).toMatchObject({ success: true });
    await store.append(streamName('order', 'x'), counted(61));
    await until('the next commit', () => follower.found().length >= 61, 4_500);
    expect(performance.now() - started).toBeLessThan(4_000);
    expect(follower.found()).toEqual(range(1, 61));
    expect(follower.recoveries[0]).toMatch(/consumer deleted/i);
    await follower.stop();
  });

  it('notices within about 3 seconds that its consumer sends nothing, without any error message', async () => {
    await using proxy = await TcpProxy.to(Number(new URL(sharedServerUrl()).port));
    const store = await openStore({ servers: proxy.url, name: uniqueStoreName(), events: ORDER_EVENTS });
    const follower = following(store);
    await until('caught up', () => follower.batches.at(-1)?.caughtUp === true);
    const [consumer = ''] = await raw.consumers(store.name);
    proxy.deafen();
    expect(await raw.api(`CONSUMER.DELETE.${store.name}.${consumer}`)).toMatchObject({ success: true });
    await sleep(100);
    proxy.hear();
    const started = performance.now();
    await store.append(streamName('order', 'x'), counted(1));
    await until('the next commit', () => follower.found().length === 1, 5_000);
    expect(performance.now() - started).toBeLessThan(4_500);
    expect(follower.recoveries).toEqual([expect.stringContaining('silent')]);
    await follower.stop();
    await store.close();
  });

  it('delivers all commits to a slow reader', async () => {
    const store = await newStore();
    const seen: number[] = [];
    const controller = new AbortController();
    const reading = (async (): Promise<void> => {
      for await (const { commits } of store.follow({ maxBatch: 7, signal: controller.signal })) {
        seen.push(...commits.flatMap(({ events }) => events.map(({ data }) => (data as Counted).n)));
        await new Promise((resolve) => setTimeout(resolve, 2));
        if (seen.length >= 500) controller.abort();
      }
    })();
    for (let n = 1; n <= 500; n += 50) {
      await Promise.all(
        range(n, n + 49).map(async (i) => store.append(streamName('order', '1'), counted(i))),
      );
    }
    await reading;
    expect(seen.slice(0, 500).toSorted((a, b) => a - b)).toEqual(range(1, 500));
  });
});
