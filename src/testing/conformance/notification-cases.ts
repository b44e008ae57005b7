import assert from 'node:assert/strict';
import { withMetadata } from '../../event/event-with-metadata.js';
import { runWithMetadata } from '../../event/metadata-context.js';
import { comparePositions, type Position } from '../../event/position.js';
import { storedStream, type StreamLike } from '../../event/stream-name.js';
import type { EventStore } from '../../event-store/event-store.js';
import type { ConformanceCase } from './conformance-case.js';
import { counted, Noted } from './conformance-events.js';
import { collect, fails, numbersInAll, until } from './conformance-support.js';

const BUS = { categories: ['$bus'] };
const NOTED = storedStream('$bus', 'ConformanceNoted');

async function startOf(store: EventStore): Promise<{ sequence: number }> {
  return { sequence: (await store.lastSequence()) + 1 };
}

/** Notifications: events without a stream. */
export const notificationCases: readonly ConformanceCase[] = [
  {
    name: 'notify stores each event by itself, and returns its position in the order of the list',
    async run({ store }) {
      const from = await startOf(store);
      const { positions } = await store.notify([new Noted('a'), ...counted(1, 2)]);
      assert.deepStrictEqual(positions, positions.toSorted(comparePositions));
      const events = await collect(store.readAll({ ...BUS, from }));
      assert.deepStrictEqual(
        events.map(({ type, stream, version, position }) => [
          type,
          String(stream),
          Number(version),
          position,
        ]),
        [
          ['ConformanceNoted', '$bus/ConformanceNoted', 0, positions[0]],
          ['ConformanceCounted', '$bus/ConformanceCounted', 0, positions[1]],
          ['ConformanceCounted', '$bus/ConformanceCounted', 0, positions[2]],
        ],
      );
      assert.deepStrictEqual(events[0]?.data, new Noted('a'));
      assert.equal(new Set(events.map(({ id }) => id)).size, 3);
      assert.deepStrictEqual((await store.eventAt(positions[0] as Position))?.data, new Noted('a'));
      assert.deepStrictEqual((await store.notify([])).positions, []);
    },
  },
  {
    name: 'notifications have the metadata of the context, of the call and of their own',
    async run({ store }) {
      const from = await startOf(store);
      await runWithMetadata({ correlationId: 'c', actor: 'ada' }, async () =>
        store.notify([withMetadata(new Noted('a'), { box: 3 }), new Noted('b')], {
          metadata: { actor: 'bob' },
          commandId: `metadata-${from.sequence}`,
        }),
      );
      const [first, second] = await collect(store.readAll({ ...BUS, from }));
      const { occurredAt, ...metadata } = first?.metadata ?? {};
      assert.equal(typeof occurredAt, 'string');
      const commandId = `metadata-${from.sequence}`;
      const shared = { correlationId: 'c', causationId: commandId, commandId, actor: 'bob' };
      assert.deepStrictEqual(metadata, { ...shared, box: 3 });
      assert.equal(second?.metadata['box'], undefined);
    },
  },
  {
    name: 'reads and subscriptions give notifications and the events of streams in one order',
    async run({ store, stream, category }) {
      const from = await startOf(store);
      const categories = [category, '$bus'];
      await store.append(stream(), counted(1));
      await store.notify(counted(2));
      await store.append(stream(), counted(3));
      await store.notify([...counted(4), new Noted('a')]);
      const types = ['ConformanceCounted'];
      assert.deepStrictEqual(await numbersInAll(store, { from, categories, types }), [1, 2, 3, 4]);
      assert.deepStrictEqual(await numbersInAll(store, { from, ...BUS, types }), [2, 4]);
      assert.deepStrictEqual(await numbersInAll(store, { from }), [1, 3]);
      const backward = await collect(store.readAll({ ...BUS, direction: 'backward', limit: 2 }));
      assert.deepStrictEqual(
        backward.map(({ data }) => data),
        [new Noted('a'), ...counted(4)],
      );
      const heard: number[] = [];
      await using subscription = store.subscribe({
        from,
        categories,
        types,
        onEvent: ({ data }) => void heard.push((data as { n: number }).n),
      });
      await store.notify(counted(5));
      await until('the subscription has all five', () => heard.length === 5);
      assert.deepStrictEqual(heard, [1, 2, 3, 4, 5]);
      await subscription.stop();
    },
  },
  {
    name: 'follow gives notifications as commits without a place in a stream, and can begin after one',
    async run({ store }) {
      const { positions } = await store.notify(counted(1, 2));
      for await (const { commits } of store.follow({ ...BUS, from: { after: positions[0] as Position } })) {
        if (commits.length === 0) continue;
        const [{ number, firstVersion, predecessors, events }] = commits as [(typeof commits)[number]];
        assert.deepStrictEqual([number, firstVersion, predecessors, events.length], [0, 0, [], 1]);
        assert.deepStrictEqual(events[0]?.data, { n: 2 });
        break;
      }
    },
  },
  {
    name: 'notifications of a repeated command are stored once, and have the first positions',
    async run({ store, another, category }) {
      const from = await startOf(store);
      const first = await store.notify(counted(1, 2), { commandId: category });
      const again = await (await another()).notify(counted(1, 3), { commandId: category });
      assert.deepStrictEqual(again.positions.slice(0, 2), first.positions);
      assert.deepStrictEqual(await numbersInAll(store, { from, ...BUS }), [1, 2, 3]);
      const stream = await store.append(`${category}/1`, counted(4), { commandId: category });
      assert.equal(stream.committed, true);
    },
  },
  {
    name: 'notifications are no stream that can be appended to, read or asked about',
    async run({ store, category }) {
      await store.notify([new Noted('a')]);
      const refused = { name: 'InvalidOptionError', option: 'stream' };
      await fails(async () => store.append(NOTED, [new Noted('b')]), refused);
      await fails(async () => store.append(NOTED, []), refused);
      await fails(async () => store.transact([{ stream: NOTED, events: [new Noted('b')] }]), refused);
      await fails(async () => collect(store.read(NOTED)), refused);
      await fails(async () => store.readCommits(NOTED), refused);
      await fails(async () => store.status(NOTED), refused);
      await fails(async () => store.commitOfCommand(NOTED, category), refused);
      await fails(async () => store.append('$bus/x' as StreamLike, []), { name: 'InvalidStreamNameError' });
      await fails(async () => collect(store.streams({ category: '$bus' })), { name: 'InvalidOptionError' });
    },
  },
  {
    name: 'notify refuses what cannot be stored before anything is sent',
    async run({ store }) {
      const before = await store.lastSequence();
      const own = { type: '$command', data: { name: 'x', data: {} } };
      await fails(async () => store.notify([new Noted('a'), own]), { name: 'InvalidEventError' });
      await fails(async () => store.notify([new Noted('a'), {}]), { name: 'EventRegistrationError' });
      const large = [new Noted('a'), new Noted('x'.repeat(2_000_000))];
      await fails(async () => store.notify(large), { name: 'PayloadTooLargeError' });
      for (const options of [{ commandId: '' }, { deadlineMs: 60_001 }, { expect: 'any' }])
        await fails(async () => store.notify([new Noted('a')], options), { name: 'InvalidOptionError' });
      await fails(async () => store.notify({} as never), { name: 'InvalidOptionError', option: 'events' });
      const signal = AbortSignal.abort();
      await fails(async () => store.notify([new Noted('a')], { signal }), { name: 'AbortError' });
      assert.equal(await store.lastSequence(), before);
    },
  },
];
