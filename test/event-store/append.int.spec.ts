import { withMetadata } from '../../src/event/event-with-metadata.js';
import { comparePositions } from '../../src/event/position.js';
import { streamName, type StreamName } from '../../src/event/stream-name.js';
import { subjectOf } from '../../src/event/subject.js';
import type { Expectation } from '../../src/event-store/append/append-options.js';
import type { JetStreamEventStore } from '../../src/event-store/jetstream-event-store.js';
import { WrongExpectedVersionError } from '../../src/event-store/append/append-errors.js';
import { openStore, uniqueStoreName } from '../shared-server.js';
import { collect, rejection } from '../support/collect.js';
import { counted, Counted, ORDER_EVENTS, OrderPlaced, OrderShipped } from '../support/order-events.js';
import { RawNats } from '../support/raw-nats.js';

const name = uniqueStoreName();
let store: JetStreamEventStore;
/** The same store on another connection. */
let elsewhere: JetStreamEventStore;
let raw: RawNats;
let lastId = 0;

beforeAll(async () => {
  store = await openStore({ name, events: ORDER_EVENTS });
  elsewhere = await openStore({ name, events: ORDER_EVENTS });
  raw = await RawNats.open();
});

afterAll(async () => {
  await raw.nc.close();
});

function newStream(): StreamName {
  return streamName('order', `id-${++lastId}`);
}

async function versionOf(order: StreamName): Promise<number> {
  return (await store.status(order, { consistency: 'leader' })).version;
}

async function numbersIn(order: StreamName): Promise<number[]> {
  const events = await collect(store.read(order, { consistency: 'leader' }));
  return events.map(({ data }) => (data as Counted).n);
}

describe('append', () => {
  it('stores metadata of the append and of single events, which reads merge', async () => {
    const order = newStream();
    const own = withMetadata(new OrderShipped(), { actor: 'bob', box: 3 });
    await store.append(order, [new OrderPlaced('ada'), own], {
      metadata: { actor: 'ada', correlationId: 'c' },
    });
    const [placed, shipped] = await collect(store.read(order));
    expect(placed?.metadata).toMatchObject({ actor: 'ada', correlationId: 'c' });
    expect(placed?.metadata).not.toHaveProperty('box');
    expect(shipped).toMatchObject({
      type: 'OrderShipped',
      metadata: { actor: 'bob', correlationId: 'c', box: 3 },
    });
    expect(() => withMetadata(own, { at: new Date() as never })).toThrow('metadata.at');
  });

  it('to a new stream stores version 1 and returns version and position', async () => {
    const order = newStream();
    const result = await store.append(order, [new OrderPlaced('ada')], { expect: 'none' });
    expect(result).toMatchObject({ stream: order, version: 1, committed: true });
    const [event] = await collect(store.read(order));
    expect(event).toMatchObject({ version: 1, position: result.position, data: { customer: 'ada' } });
    expect(result.events).toEqual([
      { id: event?.id, type: 'OrderPlaced', version: 1, position: result.position },
    ]);
  });

  it('one by one, each expecting the previous version, gives gapless versions', async () => {
    const order = newStream();
    for (let version = 0; version < 40; version += 1) {
      const result = await store.append(order, counted(version), { expect: version });
      expect(result.version).toBe(version + 1);
    }
    expect((await collect(store.read(order))).map(({ version }) => Number(version))).toEqual(
      Array.from({ length: 40 }, (_, index) => index + 1),
    );
  });

  it('of several events gives consecutive versions in order, in one message', async () => {
    const order = newStream();
    await store.append(order, [new OrderPlaced('ada')]);
    const before = await raw.messageCount(name);
    const result = await store.append(order, counted(1, 5), { expect: 1 });
    expect(await raw.messageCount(name)).toBe(before + 1);
    expect(result.version).toBe(6);
    expect(result.events.map(({ version }) => Number(version))).toEqual([2, 3, 4, 5, 6]);
    expect(result.events.map(({ id }) => id.split('/')[1])).toEqual(['0', '1', '2', '3', '4']);
    expect(result.events.at(-1)?.position).toBe(result.position);
    expect(await collect(store.read(order, { from: 2 }))).toMatchObject(
      result.events.map((event, index) => ({ ...event, data: { n: index + 1 } })),
    );
  });

  it.each<[string, number, Expectation, 'none' | 'exists' | number]>([
    ['"none" on an existing stream', 2, 'none', 'none'],
    ['0 on an existing stream', 2, 0, 'none'],
    ['"exists" on a missing stream', 0, 'exists', 'exists'],
    ['a version too low', 3, 2, 2],
    ['a version too high', 3, 4, 4],
    ['a version of a missing stream', 0, 1, 1],
  ])(
    'expecting %s is a conflict with stream, expected and actual version, and stores nothing',
    async (_, actual, expect_, expected) => {
      const order = newStream();
      if (actual > 0) await store.append(order, counted(1, actual));
      const before = await raw.messageCount(name);
      for (const writer of [store, elsewhere]) {
        const error = await rejection(writer.append(order, [new OrderShipped()], { expect: expect_ }));
        expect(error).toBeInstanceOf(WrongExpectedVersionError);
        expect(error).toMatchObject({ stream: String(order), expected, actual, outcome: 'not-applied' });
      }
      expect(await raw.messageCount(name)).toBe(before);
    },
  );

  it('expecting "exists" on an existing stream, or "any" on every stream, succeeds', async () => {
    const order = newStream();
    expect(await store.append(order, counted(1), { expect: 'any' })).toMatchObject({ version: 1 });
    expect(await store.append(order, counted(2), { expect: 'any' })).toMatchObject({ version: 2 });
    expect(await store.append(order, counted(3), { expect: 'exists' })).toMatchObject({ version: 3 });
    expect(await elsewhere.append(order, counted(4), { expect: 'exists' })).toMatchObject({ version: 4 });
    expect(await elsewhere.append(order, counted(5))).toMatchObject({ version: 5 });
    expect(await store.append(order, counted(6))).toMatchObject({ version: 6 });
  });

  it('expecting the current version succeeds even if this store knows only an older one', async () => {
    const order = newStream();
    await store.append(order, counted(1));
    await elsewhere.append(order, counted(2, 3));
    expect(await store.append(order, counted(4), { expect: 3 })).toMatchObject({
      version: 4,
      committed: true,
    });
  });

  it('expecting an outdated version that is still in the cache is a conflict with the actual one', async () => {
    const order = newStream();
    await store.append(order, counted(1));
    await elsewhere.append(order, counted(2, 7));
    const error = await rejection(store.append(order, counted(9), { expect: 1 }));
    expect(error).toMatchObject({ name: 'WrongExpectedVersionError', expected: 1, actual: 7 });
  });

  it('by two writers that expect the same version succeeds for one and is a conflict for the other', async () => {
    for (let round = 0; round < 50; round += 1) {
      const order = newStream();
      const { version } = await store.append(order, counted(0));
      const results = await Promise.allSettled([
        store.append(order, counted(1), { expect: version }),
        elsewhere.append(order, counted(2), { expect: version }),
      ]);
      const winners = results.filter(({ status }) => status === 'fulfilled');
      const losers = results.filter((result) => result.status === 'rejected');
      expect(winners).toHaveLength(1);
      expect(losers[0]?.reason).toMatchObject({ name: 'WrongExpectedVersionError', expected: 1, actual: 2 });
    }
  });

  it('by six writers to one stream has exactly one winner in each of 100 rounds', async () => {
    const order = newStream();
    const writers = [store, elsewhere, store, elsewhere, store, elsewhere];
    for (let version = 0; version < 100; version += 1) {
      const results = await Promise.allSettled(
        writers.map(async (writer, index) => writer.append(order, counted(index), { expect: version })),
      );
      expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    }
    expect(await versionOf(order)).toBe(100);
  });

  it('with different concurrent expectations stores no event between an append and the version it was guarded by', async () => {
    const order = newStream();
    const accepted = new Map<number, number>();
    const misplaced: object[] = [];
    const refusals: unknown[] = [];
    const writer = async (
      target: JetStreamEventStore,
      expectOf: () => Promise<Expectation>,
      base: number,
    ) => {
      for (let n = base; n < base + 60; n += 1) {
        const expected = await expectOf();
        try {
          const { version } = await target.append(order, counted(n), { expect: expected });
          accepted.set(n, version);
          const before = expected === 'none' ? 0 : expected;
          if (typeof before === 'number' && version !== before + 1) misplaced.push({ expected, version });
        } catch (error) {
          refusals.push(error);
        }
      }
    };
    await Promise.all([
      writer(store, async () => 'any', 0),
      writer(elsewhere, async () => 'exists', 1_000),
      writer(elsewhere, async () => versionOf(order), 2_000),
      writer(store, async () => 'none', 3_000),
    ]);
    expect(misplaced).toEqual([]);
    expect(refusals.filter((error) => !(error instanceof WrongExpectedVersionError))).toEqual([]);
    const stored = await numbersIn(order);
    expect(stored).toHaveLength(accepted.size);
    for (const [n, version] of accepted) expect(stored[version - 1]).toBe(n);
  });

  it('that conflicts although the cached end is current stores none of several events', async () => {
    const order = newStream();
    await store.append(order, counted(1));
    await elsewhere.append(order, counted(2));
    await rejection(store.append(order, counted(10, 20), { expect: 1 }));
    expect(await numbersIn(order)).toEqual([1, 2]);
  });

  it('of no events stores nothing and returns the current version', async () => {
    const order = newStream();
    const nothing = { position: undefined, committed: false, events: [] };
    expect(await store.append(order, [])).toEqual({ stream: order, version: 0, ...nothing });
    await elsewhere.append(order, counted(1, 3));
    expect(await store.append(order, [])).toEqual({ stream: order, version: 3, ...nothing });
    expect(await numbersIn(order)).toEqual([1, 2, 3]);
  });

  it('counts versions per stream, and positions increase over all streams', async () => {
    const [one, two] = [newStream(), newStream()];
    const results = [];
    for (const order of [one, two, one, two, two]) results.push(await store.append(order, counted(1, 2)));
    expect(results.map(({ version }) => Number(version))).toEqual([2, 2, 4, 4, 6]);
    const positions = results.flatMap(({ events }) => events.map(({ position }) => position));
    expect(positions.toSorted(comparePositions)).toEqual(positions);
    expect(new Set(positions).size).toBe(10);
  });

  it('stores Unicode in data, metadata and stream ids unchanged', async () => {
    const order = streamName('order', `Ådne 漢字 🦜 \u202e e\u0301 ${++lastId}`);
    const text = 'ﷺ 🏳️‍🌈 \u0000 alone “q” \u2028 ẞ';
    await store.append(order, [new OrderPlaced(text)], { metadata: { actor: text, [text]: text } });
    const [event] = await collect(store.read(order));
    expect(event?.data).toEqual(new OrderPlaced(text));
    expect(event?.metadata).toMatchObject({ actor: text, [text]: text });
    expect(event?.stream.id).toBe(order.id);
  });

  it('started a thousand times at once settles each time, and none is lost', async () => {
    const order = newStream();
    const results = await Promise.all(
      Array.from({ length: 1_000 }, async (_, n) =>
        n % 2 === 0
          ? store.append(newStream(), counted(n), { expect: 'none' })
          : store.append(order, counted(n)),
      ),
    );
    expect(results.filter(({ committed }) => committed)).toHaveLength(1_000);
    const odd = results.filter(({ stream: target }) => target === order);
    expect(odd.map(({ version }) => Number(version))).toEqual(
      Array.from({ length: 500 }, (_, index) => index + 1),
    );
    expect((await numbersIn(order)).toSorted((a, b) => a - b)).toEqual(
      Array.from({ length: 500 }, (_, index) => 2 * index + 1),
    );
  });

  it.each(['a.b', 'a b', '*', '>', 'a/b', '%2E', 'x.*', 'x.>', '\r\nPUB x 0', '..', ' ', '\t', '$JS.API'])(
    'to the id %j stores events of that stream only',
    async (hostile) => {
      const order = streamName('order', hostile);
      const neighbours = [
        streamName('order', 'a'),
        streamName('order', 'b'),
        streamName('order', `${hostile}x`),
      ];
      await store.append(order, counted(7), { expect: 'none' });
      expect(await collect(elsewhere.read(order))).toMatchObject([
        { data: { n: 7 }, stream: { id: hostile } },
      ]);
      for (const neighbour of neighbours) expect(await versionOf(neighbour)).toBe(0);
    },
  );

  it('guards each commit on the sequence of the previous commit', async () => {
    const order = newStream();
    const sequences = ['0'];
    for (let n = 1; n <= 3; n += 1) {
      const { position = '' } = await store.append(order, counted(n));
      sequences.push(position.split('.')[0] ?? '');
    }
    for (const [index, sequence] of sequences.slice(1).entries()) {
      const { message } = await raw.api<{ message: { subject: string; hdrs: string } }>(
        `STREAM.MSG.GET.${name}`,
        {
          seq: Number(sequence),
        },
      );
      expect(message.subject).toBe(subjectOf(name, order));
      const headers = Buffer.from(message.hdrs, 'base64').toString();
      expect(headers).toContain(`Nats-Expected-Last-Subject-Sequence: ${sequences[index]}\r\n`);
    }
  });
});

describe('append rejects before anything is sent', () => {
  it.each<[string, () => Promise<unknown>, string]>([
    [
      'a text without a slash as stream',
      async () => store.append('order' as never, counted(1)),
      'InvalidOptionError',
    ],
    [
      'a stream given by shape',
      async () => store.append({ category: 'order', id: '1' } as never, counted(1)),
      'InvalidOptionError',
    ],
    ['no stream', async () => store.append(undefined as never, counted(1)), 'InvalidOptionError'],
    [
      'events that are not a list',
      async () => store.append(newStream(), new Counted(1) as never),
      'InvalidOptionError',
    ],
    [
      'an event of an unregistered class',
      async () => store.append(newStream(), [new (class Foreign {})()]),
      'EventRegistrationError',
    ],
    [
      'an unregistered class among registered ones',
      async () => store.append(newStream(), [new Counted(1), {}]),
      'EventRegistrationError',
    ],
    ['null for an event', async () => store.append(newStream(), [null as never]), 'InvalidEventError'],
    [
      'a big integer in an event',
      async () => store.append(newStream(), [new Counted(1n as never)]),
      'InvalidEventError',
    ],
    [
      'metadata with a date',
      async () => store.append(newStream(), counted(1), { metadata: { at: new Date() as never } }),
      'InvalidEventError',
    ],
    [
      'metadata with a command id',
      async () => store.append(newStream(), counted(1), { metadata: { commandId: 'x' } }),
      'InvalidEventError',
    ],
    [
      'a misspelt option',
      async () => store.append(newStream(), counted(1), { expected: 1 } as never),
      'InvalidOptionError',
    ],
    [
      'a negative expectation',
      async () => store.append(newStream(), counted(1), { expect: -1 }),
      'InvalidOptionError',
    ],
    [
      'a fractional expectation',
      async () => store.append(newStream(), counted(1), { expect: 1.5 }),
      'InvalidOptionError',
    ],
    [
      'an unknown expectation',
      async () => store.append(newStream(), counted(1), { expect: 'some' as never }),
      'InvalidOptionError',
    ],
    [
      'a version as text',
      async () => store.append(newStream(), counted(1), { expect: '1' as never }),
      'InvalidOptionError',
    ],
    [
      'a deadline of 0',
      async () => store.append(newStream(), counted(1), { deadlineMs: 0 }),
      'InvalidOptionError',
    ],
    [
      'an empty command id',
      async () => store.append(newStream(), counted(1), { commandId: '' }),
      'InvalidOptionError',
    ],
    [
      'a command id of 201 characters',
      async () => store.append(newStream(), counted(1), { commandId: 'x'.repeat(201) }),
      'InvalidOptionError',
    ],
    [
      'a command id with half a surrogate pair',
      async () => store.append(newStream(), counted(1), { commandId: 'a\ud83e' }),
      'InvalidOptionError',
    ],
    [
      'a negative lookedUpTo',
      async () => store.append(newStream(), counted(1), { lookedUpTo: -1 }),
      'InvalidOptionError',
    ],
  ])('%s', async (_, append, error) => {
    const before = await raw.messageCount(name);
    expect(await rejection(append())).toMatchObject({ name: error, outcome: 'not-applied' });
    expect(await raw.messageCount(name)).toBe(before);
  });
});

describe('payload limit', () => {
  /** An event whose commit has exactly the given size as the server counts it. */
  async function eventOfSize(order: StreamName, size: number): Promise<OrderPlaced> {
    const error = await rejection(
      store.append(order, [new OrderPlaced('x'.repeat(2_000_000))], { expect: 'none' }),
    );
    const excess = (error as { size: number }).size - size;
    return new OrderPlaced('x'.repeat(2_000_000 - excess));
  }

  it('is rejected with size and limit before anything is sent', async () => {
    const order = newStream();
    const limit = raw.nc.info?.max_payload;
    const error = await rejection(store.append(order, [new OrderPlaced('x'.repeat(1_048_576))]));
    expect(error).toMatchObject({
      name: 'PayloadTooLargeError',
      stream: String(order),
      limit,
      outcome: 'not-applied',
    });
    expect((error as { size: number }).size).toBeGreaterThan(1_048_576);
    expect(await versionOf(order)).toBe(0);
  });

  it('is exact to the byte: a commit of that size is stored and can be read, one byte more is rejected', async () => {
    const order = newStream();
    const limit = raw.nc.info?.max_payload ?? 0;
    const event = await eventOfSize(order, limit);
    const { position } = await store.append(order, [event], { expect: 'none' });
    expect((await collect(store.read(order)))[0]?.data).toEqual(event);
    expect((await collect(store.read(order, { consistency: 'leader' })))[0]?.data).toEqual(event);
    expect((await collect(store.readAll({ from: { position: position! } })))[0]?.data).toEqual(event);

    const other = newStream();
    const tooLarge = await eventOfSize(other, limit + 1);
    const error = await rejection(store.append(other, [tooLarge], { expect: 'none' }));
    expect(error).toMatchObject({ name: 'PayloadTooLargeError', size: limit + 1, limit });
  });

  it('leaves the stream unchanged and open for appends', async () => {
    const order = newStream();
    await store.append(order, counted(1));
    await rejection(store.append(order, [new OrderPlaced('x'.repeat(1_048_576))]));
    expect(await store.append(order, counted(2), { expect: 1 })).toMatchObject({ version: 2 });
  });
});

describe('a closed store', () => {
  it('completes the appends in flight, and rejects later ones', async () => {
    const closing = await openStore({ name, events: ORDER_EVENTS });
    const order = newStream();
    const inFlight = Array.from({ length: 50 }, async (_, n) => closing.append(order, counted(n)));
    const closed = closing.close();
    const late = rejection(closing.append(order, counted(99)));
    expect((await Promise.all(inFlight)).map(({ version }) => Number(version))).toEqual(
      Array.from({ length: 50 }, (_, index) => index + 1),
    );
    await closed;
    expect(await late).toMatchObject({ name: 'ConnectionClosedError' });
    expect(await rejection(closing.status(order))).toMatchObject({ name: 'ConnectionClosedError' });
    expect(await rejection(collect(closing.read(order)))).toMatchObject({ name: 'ConnectionClosedError' });
    expect(await rejection(collect(closing.readAll()))).toMatchObject({ name: 'ConnectionClosedError' });
    await expect(closing.close()).resolves.toBeUndefined();
    expect(await versionOf(order)).toBe(50);
  });
});
