import assert from 'node:assert/strict';
import type { StreamName } from '../../event/stream-name.js';
import type { ReadOptions } from '../../event-store/event-store.js';
import type { ConformanceCase, ConformanceContext } from './conformance-case.js';
import { counted, Noted } from './conformance-events.js';
import { collect, fails, numbersIn, range } from './conformance-support.js';

/** Reads of one stream: events, status, and what a fold loads. */
export const streamReadCases: readonly ConformanceCase[] = [
  {
    name: 'a missing stream reads as empty, and its status says that it does not exist',
    async run({ store, stream }) {
      const order = stream();
      assert.deepStrictEqual(await numbersIn(store, order), []);
      assert.deepStrictEqual(await numbersIn(store, order, { direction: 'backward', limit: 1 }), []);
      for (const consistency of ['leader', 'follower'] as const) {
        assert.deepStrictEqual(await store.status(order, { consistency }), { state: 'missing', version: 0 });
        assert.deepStrictEqual(await store.readCommits(order, { consistency }), { commits: [], version: 0 });
      }
    },
  },
  {
    name: 'a stream exists whether it stands alone or among others, and others do not make it exist',
    async run({ store, stream }) {
      const [one, two] = [stream(), stream()];
      await store.append(two, counted(1));
      assert.equal((await store.status(one, { consistency: 'leader' })).state, 'missing');
      await store.append(one, counted(1));
      assert.equal((await store.status(one, { consistency: 'leader' })).state, 'active');
      assert.equal((await store.status(two, { consistency: 'leader' })).state, 'active');
    },
  },
  {
    name: 'an event carries id, type, stream, version, position, time and all its metadata',
    async run({ store, stream }) {
      const order = stream();
      const metadata = {
        occurredAt: '2020-01-01T00:00:00Z',
        correlationId: 'corr',
        causationId: 'caus',
        actor: 'ada',
        tenant: 't',
        own: { a: [1, null, 'x'] },
      };
      const result = await store.append(order, [new Noted('a'), ...counted(2)], {
        commandId: 'cmd',
        metadata,
      });
      const events = await collect(store.read(order, { consistency: 'leader' }));
      const { time } = events[0] ?? {};
      assert.ok(time !== undefined && Math.abs(time.getTime() - Date.now()) < 60_000);
      assert.ok(events[0]?.data instanceof Noted);
      const shared = { schemaVersion: 1, stream: order, time, metadata: { ...metadata, commandId: 'cmd' } };
      assert.deepStrictEqual(events, [
        { ...result.events[0], ...shared, data: new Noted('a') },
        { ...result.events[1], ...shared, data: counted(2)[0] },
      ]);
    },
  },
  {
    name: 'the times of events never run backwards',
    async run({ store, stream }) {
      const order = stream();
      for (const n of range(1, 20)) await store.append(order, counted(n));
      const events = await collect(store.read(order, { consistency: 'leader' }));
      const times = events.map(({ time }) => Number(time));
      assert.deepStrictEqual(
        times.toSorted((a, b) => a - b),
        times,
      );
    },
  },
  {
    name: 'a stream is read forward and backward, from and to any version, with any limit',
    async run(context) {
      const order = await mixedStream(context);
      for (const from of [undefined, ...range(1, TOTAL + 2)]) {
        for (const to of [undefined, 1, 4, 5, TOTAL, TOTAL + 3]) {
          for (const limit of [undefined, 1, 3, 100]) {
            await readsAsExpected(context, order, { from, to, limit, direction: 'forward' });
            await readsAsExpected(context, order, { from, to, limit, direction: 'backward' });
          }
        }
      }
    },
  },
  {
    name: 'a stream of several pages gives each event once, and its first and last pages',
    async run({ store, stream }) {
      const order = stream();
      for (const page of range(0, 22))
        await store.append(order, counted(page * 100 + 1, page * 100 + 100), { expect: page * 100 });
      assert.deepStrictEqual(await numbersIn(store, order), range(1, 2_300));
      assert.deepStrictEqual(await numbersIn(store, order, { direction: 'backward' }), range(2_300, 1));
      assert.deepStrictEqual(await numbersIn(store, order, { limit: 20 }), range(1, 20));
      assert.deepStrictEqual(
        await numbersIn(store, order, { direction: 'backward', limit: 20 }),
        range(2_300, 2_281),
      );
      assert.deepStrictEqual(await numbersIn(store, order, { from: 990, limit: 20 }), range(990, 1_009));
    },
  },
  {
    name: 'a stream of 300 commits gives each event once, in whole and in slices',
    async run({ store, stream }) {
      const order = stream();
      await Promise.all(counted(1, 300).map(async (event) => store.append(order, [event])));
      const numbers = await numbersIn(store, order);
      assert.deepStrictEqual(
        numbers.toSorted((a, b) => a - b),
        range(1, 300),
      );
      for (const from of [15, 16, 17, 255, 256, 257, 272, 288, 298]) {
        const slice = await numbersIn(store, order, { from, limit: 5 });
        assert.deepStrictEqual(slice, numbers.slice(from - 1, from + 4));
      }
    },
  },
  {
    name: 'a read that cannot be is refused: limit 0, versions below 1, fractions, unknown words and options',
    async run({ store, stream }) {
      for (const options of [
        { limit: 0 },
        { limit: -1 },
        { limit: 1.5 },
        { from: 0 },
        { from: -1 },
        { to: 0 },
        { to: 1.5 },
        { direction: 'up' },
        { consistency: 'strong' },
        { fromVersion: 1 },
      ]) {
        const reading = async () => collect(store.read(stream(), options as never));
        await fails(reading, { name: 'InvalidOptionError', outcome: 'not-applied' });
      }
    },
  },
  {
    name: 'a read can be broken off, and raises nothing later',
    async run(context) {
      const order = await mixedStream(context);
      assert.equal((await collect(context.store.read(order, { consistency: 'leader' }), 2)).length, 2);
      const failure = new Noted('mine');
      const failing = async (): Promise<void> => {
        for await (const event of context.store.read(order, { consistency: 'leader' }))
          if (event.version > 0) throw failure;
      };
      assert.equal(await failing().catch((error: unknown) => error), failure);
      assert.equal((await numbersIn(context.store, order)).length, TOTAL);
    },
  },
  {
    name: 'a read ends with the reason of its signal',
    async run(context) {
      const order = await mixedStream(context);
      const reason = new Noted('enough');
      const controller = new AbortController();
      const reading = context.store.read(order, { signal: controller.signal })[Symbol.asyncIterator]();
      const first = reading.next().then(
        () => undefined,
        (error: unknown) => error,
      );
      controller.abort(reason);
      assert.equal(await first, reason);
      const { signal } = controller;
      for (const work of [
        async () => context.store.status(order, { signal }),
        async () => context.store.readCommits(order, { signal }),
        async () => context.store.lastSequence({ signal }),
        async () => context.store.commitAt(1, { signal }),
      ]) {
        assert.equal(await work().catch((error: unknown) => error), reason);
      }
    },
  },
  {
    name: 'a read gives what was there when it began, also when more is appended meanwhile',
    async run(context) {
      const order = await mixedStream(context);
      const seen: number[] = [];
      for await (const { version } of context.store.read(order, { consistency: 'leader' })) {
        seen.push(version);
        if (seen.length === 1) await context.store.append(order, counted(99));
      }
      assert.deepStrictEqual(seen, range(1, TOTAL));
    },
  },
  {
    name: 'status tells version, position, and the times of the first and last commits',
    async run({ store, stream }) {
      const order = stream();
      await store.append(order, counted(1, 2));
      const { position } = await store.append(order, counted(3, 5));
      const events = await collect(store.read(order, { consistency: 'leader' }));
      assert.deepStrictEqual(await store.status(order, { consistency: 'leader' }), {
        state: 'active',
        version: 5,
        position,
        firstAt: events[0]?.time,
        lastAt: events[4]?.time,
      });
    },
  },
  {
    name: 'a fold loads the commits behind any version, whole and in order',
    async run(context) {
      const order = await mixedStream(context);
      for (const behind of range(0, TOTAL + 3)) {
        const options = { after: behind as never, consistency: 'leader' } as const;
        const { commits, version } = await context.store.readCommits(order, options);
        assert.equal(version, TOTAL);
        const versions = commits.flatMap(({ events, firstVersion }) =>
          events.map((_, index) => firstVersion + index),
        );
        const wanted = behind < TOTAL ? range(behind + 1, TOTAL) : [];
        assert.deepStrictEqual(
          versions.filter((found) => found > behind),
          wanted,
        );
        assert.ok(commits.every(({ events, firstVersion }) => firstVersion + events.length - 1 > behind));
      }
    },
  },
  {
    name: 'an event is found by its position and by its id, and what is none is not',
    async run({ store, stream }) {
      const order = stream();
      await store.append(order, counted(1, 3), { metadata: { tenant: 't' } });
      for (const event of await collect(store.read(order, { consistency: 'leader' }))) {
        assert.deepStrictEqual(await store.eventAt(event.position), event);
        assert.deepStrictEqual(await store.event(event.id, { stream: order }), event);
        assert.equal(await store.event(event.id, { stream: stream() }), undefined);
        assert.equal(await store.event(event.id.replace(/\d$/, '9'), { stream: order }), undefined);
        assert.equal(await store.eventAt(event.position.replace(/\d$/, '9') as never), undefined);
      }
      assert.equal(await store.eventAt('900000000.0' as never), undefined);
      await fails(async () => store.eventAt('x' as never), { name: 'InvalidOptionError' });
      await fails(async () => store.event('x', { stream: order }), { name: 'InvalidOptionError' });
    },
  },
];

/** Events in the stream that {@link mixedStream} makes. */
const TOTAL = 11;

/** `Counted(n)` as event n, in commits of one to four events, with commits of another stream in between. */
async function mixedStream({ store, stream }: ConformanceContext): Promise<StreamName> {
  const [order, other] = [stream(), stream()];
  let next = 1;
  for (const size of [1, 3, 2, 4, 1]) {
    await store.append(order, counted(next, next + size - 1), { expect: next - 1 });
    await store.append(other, counted(-1));
    next += size;
  }
  return order;
}

async function readsAsExpected(
  { store }: ConformanceContext,
  order: StreamName,
  options: ReadOptions,
): Promise<void> {
  const { from, to, limit, direction } = options;
  const all = direction === 'backward' ? range(TOTAL, 1) : range(1, TOTAL);
  const [low, high] = direction === 'backward' ? [to, from] : [from, to];
  const expected = all.filter((n) => n >= (low ?? 1) && n <= (high ?? TOTAL)).slice(0, limit);
  assert.deepStrictEqual(await numbersIn(store, order, options), expected, JSON.stringify(options));
}
