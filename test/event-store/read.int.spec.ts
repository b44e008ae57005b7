import { getEventListeners } from 'node:events';
import type { Position } from '../../src/event/position.js';
import { streamName, type StreamName } from '../../src/event/stream-name.js';
import type { ReadOptions } from '../../src/event-store/event-store.js';
import type { JetStreamEventStore } from '../../src/event-store/jetstream-event-store.js';
import { openStore, uniqueStoreName } from '../shared-server.js';
import { collect, rejection } from '../support/collect.js';
import { counted, type Counted, ORDER_EVENTS, OrderPlaced } from '../support/order-events.js';
import { RawNats } from '../support/raw-nats.js';

const name = uniqueStoreName();
let store: JetStreamEventStore;
let raw: RawNats;
let lastId = 0;

beforeAll(async () => {
  store = await openStore({ name, events: ORDER_EVENTS });
  raw = await RawNats.open();
});

afterAll(async () => {
  await raw.nc.close();
});

function newStream(): StreamName {
  return streamName('order', `id-${++lastId}`);
}

async function numbers(order: StreamName, options?: ReadOptions): Promise<number[]> {
  const events = await collect(store.read(order, options));
  return events.map(({ data }) => (data as Counted).n);
}

function range(from: number, to: number): number[] {
  const up = from <= to;
  return Array.from({ length: Math.abs(to - from) + 1 }, (_, index) => (up ? from + index : from - index));
}

/** A stream in which event n is `Counted(n)`, in commits of the given sizes, with foreign commits in between. */
async function streamOf(sizes: readonly number[]): Promise<StreamName> {
  const order = newStream();
  const other = newStream();
  let next = 1;
  for (const [index, size] of sizes.entries()) {
    await store.append(order, counted(next, next + size - 1), { expect: next - 1 });
    next += size;
    if (index % 7 === 0) await store.append(other, counted(-1));
  }
  return order;
}

describe('read', () => {
  it('leaves nothing on a signal that outlives it', async () => {
    const order = newStream();
    for (const n of [1, 2, 3]) await store.append(order, counted(n));
    const { signal } = new AbortController();
    for (let time = 0; time < 3; time += 1) await collect(store.read(order, { signal }));
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });

  it('of a missing stream is empty, and status says that it does not exist', async () => {
    const order = newStream();
    expect(await collect(store.read(order))).toEqual([]);
    expect(
      await collect(store.read(order, { direction: 'backward', limit: 1, consistency: 'leader' })),
    ).toEqual([]);
    expect(await store.status(order)).toEqual({ state: 'missing', version: 0 });
    expect(await store.readCommits(order)).toEqual({ commits: [], version: 0 });
  });

  it('gives the whole envelope of each event', async () => {
    const order = newStream();
    const before = Date.now();
    await store.append(order, [new OrderPlaced('ada'), ...counted(2)], {
      commandId: 'cmd',
      metadata: {
        occurredAt: '2020-01-01T00:00:00Z',
        correlationId: 'corr',
        causationId: 'caus',
        tenant: 't',
        own: { a: [1] },
      },
    });
    const events = await collect(store.read(order));
    expect(events).toHaveLength(2);
    const [first, second] = events;
    expect(first).toMatchObject({
      type: 'OrderPlaced',
      schemaVersion: 1,
      stream: order,
      version: 1,
      data: new OrderPlaced('ada'),
      metadata: {
        occurredAt: '2020-01-01T00:00:00Z',
        correlationId: 'corr',
        causationId: 'caus',
        tenant: 't',
        commandId: 'cmd',
        own: { a: [1] },
      },
    });
    expect(first?.data).toBeInstanceOf(OrderPlaced);
    expect(first?.id).toMatch(/^[0-9a-f-]{36}\/0$/);
    expect(second?.id).toBe(first?.id.replace(/0$/, '1'));
    // the server's clock is this machine's
    expect(first?.time?.getTime()).toBeGreaterThanOrEqual(before - 5);
    expect(first?.time?.getTime()).toBeLessThanOrEqual(Date.now() + 5);
    expect(second?.position).toBe(first?.position.replace(/0$/, '1'));
  });

  it('leaves absent what was not given, but for the time it happened and the chain that it begins', async () => {
    const order = newStream();
    await store.append(order, counted(1));
    const [event] = await collect(store.read(order));
    const commitId = event?.id.replace('/0', '');
    expect(event?.metadata).toEqual({
      occurredAt: expect.any(String) as string,
      correlationId: commitId,
      causationId: commitId,
    });
    expect(Math.abs(Date.parse(event?.metadata.occurredAt ?? '') - Date.now())).toBeLessThan(10_000);
  });

  describe('of commits with one to nine events', () => {
    const sizes = Array.from({ length: 40 }, (_, index) => 1 + ((index * 5) % 9));
    const total = sizes.reduce((sum, size) => sum + size, 0);
    let order: StreamName;

    beforeAll(async () => {
      order = await streamOf(sizes);
    });

    it('gives every event once, in order, from replicas and from the leader', async () => {
      expect(await numbers(order)).toEqual(range(1, total));
      expect(await numbers(order, { consistency: 'leader' })).toEqual(range(1, total));
      expect(await numbers(order, { direction: 'backward' })).toEqual(range(total, 1));
    });

    it('begins and ends anywhere, also in the middle of a commit', async () => {
      for (let from = 1; from <= total; from += 1) {
        expect(await numbers(order, { from, limit: 3 })).toEqual(range(from, Math.min(total, from + 2)));
        expect(await numbers(order, { from, limit: 3, direction: 'backward' })).toEqual(
          range(from, Math.max(1, from - 2)),
        );
      }
    });

    it('ends with a version, in the direction of reading', async () => {
      for (const [from, to] of [
        [1, 1],
        [1, 7],
        [3, 3],
        [17, 101],
        [total - 1, total],
        [total, total + 5],
      ] as const) {
        const end = Math.min(to, total);
        expect(await numbers(order, { from, to })).toEqual(range(from, end));
        expect(await numbers(order, { from: to, to: from, direction: 'backward' })).toEqual(range(end, from));
      }
      expect(await numbers(order, { to: 5 })).toEqual(range(1, 5));
      expect(await numbers(order, { to: total - 2, direction: 'backward' })).toEqual(range(total, total - 2));
    });

    it('ends with a version or with a limit, whichever comes first', async () => {
      expect(await numbers(order, { from: 5, to: 9, limit: 3 })).toEqual([5, 6, 7]);
      expect(await numbers(order, { from: 5, to: 6, limit: 3 })).toEqual([5, 6]);
      expect(await numbers(order, { from: 9, to: 5, limit: 3, direction: 'backward' })).toEqual([9, 8, 7]);
      expect(await numbers(order, { from: 9, to: 8, limit: 3, direction: 'backward' })).toEqual([9, 8]);
    });

    it('is empty where the end stands before the beginning', async () => {
      expect(await numbers(order, { from: 5, to: 4 })).toEqual([]);
      expect(await numbers(order, { from: 4, to: 5, direction: 'backward' })).toEqual([]);
      expect(await numbers(order, { to: total + 1, direction: 'backward' })).toEqual([]);
    });

    it('takes a limit larger than the stream', async () => {
      expect(await numbers(order, { limit: 10_000 })).toEqual(range(1, total));
      expect(await numbers(order, { from: 5, limit: 10_000, direction: 'backward' })).toEqual(range(5, 1));
    });

    it('from behind the end is empty forward, and begins at the end backward', async () => {
      expect(await numbers(order, { from: total + 1 })).toEqual([]);
      expect(await numbers(order, { from: total + 50, limit: 2, direction: 'backward' })).toEqual([
        total,
        total - 1,
      ]);
    });

    it('folds from any version on', async () => {
      for (const behind of [0, 1, 7, 8, 100, total - 1, total, total + 5]) {
        const { commits, version } = await store.readCommits(order, { after: behind as never });
        expect(version).toBe(total);
        const versions = commits.flatMap(({ events, firstVersion }) =>
          events.map((_, index) => firstVersion + index),
        );
        // whole commits: the first one may begin before
        expect(versions.filter((found) => found > behind)).toEqual(
          behind >= total ? [] : range(behind + 1, total),
        );
      }
    });
  });

  it.each([300, 5_000])(
    'of %i commits gives each event once, whole and in slices, without looking for the subject',
    async (count) => {
      const order = newStream();
      // at most 500 at a time, since each commit has to know the one before
      for (let done = 0; done < count; done += 500) {
        const batch = counted(done + 1, Math.min(count, done + 500));
        await Promise.all(batch.map(async (event) => store.append(order, [event])));
      }
      expect(await numbers(order)).toEqual(range(1, count));
      expect(await numbers(order, { direction: 'backward' })).toEqual(range(count, 1));
      expect(await numbers(order, { limit: 10 })).toEqual(range(1, 10));
      expect(await numbers(order, { direction: 'backward', limit: 10 })).toEqual(range(count, count - 9));
      for (const from of [15, 16, 17, 255, 256, 257, 272, 288, 290]) {
        expect(await numbers(order, { from, limit: 5 })).toEqual(range(from, from + 4));
      }
      expect(await numbers(order, { from: count - 1 })).toEqual([count - 1, count]);
      expect(store.subjectScans).toBe(0);
    },
    60_000,
  );

  it.each<[string, ReadOptions]>([
    ['a limit of 0', { limit: 0 }],
    ['a negative limit', { limit: -1 }],
    ['a fractional limit', { limit: 1.5 }],
    ['from version 0', { from: 0 }],
    ['a negative from', { from: -1 }],
    ['up to version 0', { to: 0 }],
    ['up to a fraction', { to: 1.5 }],
    ['an unknown direction', { direction: 'up' as never }],
    ['an unknown consistency', { consistency: 'strong' as never }],
    ['a misspelt option', { fromVersion: 1 } as never],
  ])('refuses %s', async (_, options) => {
    expect(await rejection(collect(store.read(newStream(), options)))).toMatchObject({
      name: 'InvalidOptionError',
    });
  });

  it('ends with the reason of a signal', async () => {
    const order = await streamOf([1, 1]);
    const reason = new RangeError('enough');
    expect(await rejection(collect(store.read(order, { signal: AbortSignal.abort(reason) })))).toBe(reason);
    const controller = new AbortController();
    const reading = store.read(order, { signal: controller.signal })[Symbol.asyncIterator]();
    const first = reading.next();
    controller.abort(reason);
    expect(await rejection(first)).toBe(reason);
  });

  it('creates no consumer', async () => {
    const order = await streamOf([1, 1, 1]);
    for await (const event of store.read(order)) {
      expect(event.version).toBe(1);
      expect(await raw.consumers(name)).toEqual([]);
      break;
    }
  });

  it('of a type that is not registered gives plain data where that is the policy', async () => {
    const order = newStream();
    await store.append(order, [new OrderPlaced('ada')]);
    const stranger = await openStore({ name, onUnknownEvent: 'raw' });
    const [event] = await collect(stranger.read(order));
    expect(event).toMatchObject({ type: 'OrderPlaced', data: { customer: 'ada' } });
    expect(event?.data.constructor).toBe(Object);
  });

  it('holds its own against an append that comes in between', async () => {
    const order = await streamOf([3, 3]);
    const seen: number[] = [];
    for await (const { data } of store.read(order)) {
      seen.push((data as Counted).n);
      if (seen.length === 1) await store.append(order, counted(7));
    }
    expect(seen).toEqual(range(1, 6));
  });

  it('of many large commits at once does not overrun the connection', async () => {
    const order = newStream();
    const text = 'x'.repeat(1_000_000);
    for (let n = 0; n < 120; n += 1) await store.append(order, [new OrderPlaced(text + String(n))]);
    const reader = await openStore({ name, events: ORDER_EVENTS });
    const events = await collect(reader.read(order));
    expect(events.map(({ data }) => (data as OrderPlaced).customer.slice(1_000_000))).toEqual(
      range(0, 119).map(String),
    );
  }, 60_000);
});

describe('a long read', () => {
  it('asks for few commits twice, however many events they hold', async () => {
    const order = newStream();
    const text = 'x'.repeat(900);
    const reader = await openStore({ name, events: ORDER_EVENTS });
    for (let n = 0; n < 12; n += 1)
      await store.append(
        order,
        range(1, 1_000).map(() => new OrderPlaced(text)),
      );
    let gets = 0;
    const counting = raw.nc.subscribe(`$JS.API.DIRECT.GET.${name}`, { callback: () => void (gets += 1) });
    await raw.nc.flush();
    for (const direction of ['forward', 'backward'] as const) {
      gets = 0;
      const events = await collect(reader.read(order, { direction }));
      expect(events.map(({ version }) => Number(version))).toEqual(
        direction === 'forward' ? range(1, 12_000) : range(12_000, 1),
      );
      await raw.nc.flush();
      expect(gets).toBeLessThan(40);
    }
    counting.unsubscribe();
  }, 60_000);

  it.each(['forward', 'backward'] as const)(
    '%s holds little more than what it gives out',
    async (direction) => {
      const order = newStream();
      const text = 'x'.repeat(400_000);
      for (let n = 0; n < 150; n += 1) await store.append(order, [new OrderPlaced(text)]);
      const reader = await openStore({ name, events: ORDER_EVENTS });
      let gets = 0;
      const counting = raw.nc.subscribe(`$JS.API.DIRECT.GET.${name}`, { callback: () => void (gets += 1) });
      await raw.nc.flush();
      expect(await collect(reader.read(order, { direction }), 1)).toHaveLength(1);
      await raw.nc.flush();
      // a window of 8 MB, and the commits that lead there
      expect(gets).toBeLessThan(100);
      expect(
        (await collect(reader.read(order, { direction }))).map(({ version }) => Number(version)),
      ).toEqual(direction === 'forward' ? range(1, 150) : range(150, 1));
      counting.unsubscribe();
    },
    60_000,
  );
});

describe('eventAt and event', () => {
  it('find each event of a stream by its position and by its id, as a read gives it', async () => {
    const order = await streamOf([1, 3, 2, 20, 1]);
    for (const event of await collect(store.read(order))) {
      expect(await store.eventAt(event.position)).toEqual(event);
      expect(await store.event(event.id, { stream: order })).toEqual(event);
    }
  });

  it('give an instance of the registered class, and plain data for an unknown type', async () => {
    const order = newStream();
    const { position, events } = await store.append(order, [new OrderPlaced('ada')]);
    const blind = await openStore({ name, onUnknownEvent: 'raw' });
    const [id = ''] = events.map((event) => event.id);
    expect((await store.eventAt(position as Position))?.data).toBeInstanceOf(OrderPlaced);
    expect((await blind.eventAt(position as Position))?.data).toEqual({ customer: 'ada' });
    expect((await blind.event(id, { stream: order }))?.data).toEqual({ customer: 'ada' });
  });

  it('give nothing where there is none', async () => {
    const order = newStream();
    const { position = '', events } = await store.append(order, counted(1, 2));
    const sequence = position.split('.')[0] as string;
    for (const none of [`${sequence}.2`, `${Number(sequence) + 1_000}.0`, '0.0'])
      expect(await store.eventAt(none as Position)).toBeUndefined();
    const id = events[0]?.id ?? '';
    expect(await store.event(id.replace(/0$/, '2'), { stream: order })).toBeUndefined();
    expect(await store.event(id, { stream: newStream() })).toBeUndefined();
    expect(await store.event('01a2047a-e426-71dc-a9fe-4ae1438ceb97/0', { stream: order })).toBeUndefined();
    await raw.api(`STREAM.MSG.DELETE.${name}`, { seq: Number(sequence) });
    expect(await store.eventAt(position as Position)).toBeUndefined();
  });

  it('refuse what is no position, no id and no stream, and end with the reason of a signal', async () => {
    const order = await streamOf([1]);
    const invalid = { name: 'InvalidOptionError' };
    expect(await rejection(store.eventAt('x' as Position))).toMatchObject(invalid);
    expect(await rejection(store.eventAt('1.0' as Position, { limit: 1 } as never))).toMatchObject(invalid);
    for (const id of ['', 'x', 'x/', 'x/y', 'a/b/1', 5])
      expect(await rejection(store.event(id as string, { stream: order }))).toMatchObject(invalid);
    expect(await rejection(store.event('x/0', { stream: 'order/1' } as never))).toMatchObject(invalid);
    const reason = new RangeError('enough');
    const signal = AbortSignal.abort(reason);
    expect(await rejection(store.eventAt('1.0' as Position, { signal }))).toBe(reason);
    expect(await rejection(store.event('x/0', { stream: order, signal }))).toBe(reason);
  });
});

describe('status', () => {
  it('tells version, position, and when the first and last commits were stored', async () => {
    const order = newStream();
    await store.append(order, counted(1, 2));
    const { position } = await store.append(order, counted(3, 5));
    const events = await collect(store.read(order));
    for (const consistency of ['leader', 'follower'] as const) {
      expect(await store.status(order, { consistency })).toEqual({
        state: 'active',
        version: 5,
        position,
        firstAt: events[0]?.time,
        lastAt: events[4]?.time,
      });
    }
  });

  it('of one stream is blind for others', async () => {
    const [one, two] = [newStream(), newStream()];
    await store.append(two, counted(1));
    expect(await store.status(one)).toEqual({ state: 'missing', version: 0 });
    await store.append(one, counted(1));
    expect(await store.status(one)).toMatchObject({ state: 'active', version: 1 });
  });
});

describe('commitAt and lastSequence', () => {
  it('find a commit, and the end of the log', async () => {
    const order = newStream();
    const { position = '', events } = await store.append(order, counted(1, 2));
    const sequence = Number(position.split('.')[0]);
    expect(await store.lastSequence()).toBe(sequence);
    expect(await store.commitAt(sequence)).toMatchObject({
      sequence,
      stream: order,
      commitId: events[0]?.id.split('/')[0],
    });
    expect(await store.commitAt(sequence + 1_000)).toBeUndefined();
  });
});
