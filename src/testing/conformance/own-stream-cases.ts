import assert from 'node:assert/strict';
import { STORED_COMMAND } from '../../event/own-event-types.js';
import { storedStream, type StreamLike } from '../../event/stream-name.js';
import type { ConformanceCase } from './conformance-case.js';
import { counted, Noted } from './conformance-events.js';
import { collect, fails } from './conformance-support.js';

const SHIP = { type: '$command', data: { name: 'ship', data: { order: '42' } } } as const;

/** Streams of jetsource's own categories, and the events of its own types in them. */
export const ownStreamCases: readonly ConformanceCase[] = [
  {
    name: 'a stream of an own category holds own events and those of the user, with versions and guards',
    async run({ store, category }) {
      const stream = storedStream('$process', category);
      const mixed = [SHIP, new Noted('a'), STORED_COMMAND.create({ name: 'bill', data: {} })];
      const { version, position } = await store.append(stream, mixed, { expect: 'none', commandId: 'one' });
      assert.equal(version, 3);
      await fails(async () => store.append(stream, [SHIP], { expect: 2 }), {
        name: 'WrongExpectedVersionError',
        actual: 3,
      });
      const again = await store.append(stream, mixed, { commandId: 'one' });
      assert.deepStrictEqual([again.committed, again.position], [false, position]);
      const read = await collect(store.read(stream, { consistency: 'leader' }));
      assert.deepStrictEqual(
        read.map(({ type, version: at }) => [type, Number(at)]),
        [
          ['$command', 1],
          ['ConformanceNoted', 2],
          ['$command', 3],
        ],
      );
      assert.deepStrictEqual(read[0]?.data, SHIP.data);
      const { commits } = await store.readCommits(stream, { consistency: 'leader' });
      assert.deepStrictEqual([commits.length, commits[0]?.stream.toString()], [1, stream.toString()]);
    },
  },
  {
    name: 'a transaction stores in streams of own categories and of the user',
    async run({ store, category, stream }) {
      const own = storedStream('$process', category);
      const users = stream();
      await store.transact([
        { stream: own, expect: 'none', events: [SHIP] },
        { stream: users, expect: 'none', events: counted(1) },
      ]);
      assert.equal((await store.status(own, { consistency: 'leader' })).version, 1);
      assert.equal((await store.status(users, { consistency: 'leader' })).version, 1);
    },
  },
  {
    name: 'readAll and follow read own categories that are named, beside those of the user',
    async run({ store, category, stream }) {
      const from = { sequence: (await store.lastSequence()) + 1 };
      await store.append(stream(), counted(1));
      await store.append(storedStream('$process', category), [SHIP]);
      await store.append(stream(), counted(2));
      const categories = [category, '$process'];
      const types = (await collect(store.readAll({ from, categories }))).map(({ type }) => type);
      assert.deepStrictEqual(types, ['ConformanceCounted', '$command', 'ConformanceCounted']);
      const commands = await collect(store.readAll({ from, categories, types: ['$command'] }));
      assert.equal(commands.length, 1);
      assert.equal((await collect(store.readAll({ from }))).length, 2);
      const followed: string[] = [];
      for await (const { commits } of store.follow({ from, categories: ['$process'] })) {
        followed.push(...commits.map((commit) => commit.stream.toString()));
        if (followed.length > 0) break;
      }
      assert.deepStrictEqual(followed, [`$process/${category}`]);
    },
  },
  {
    name: 'users reach no own category by its name, and their streams hold no own events',
    async run({ store, stream }) {
      const written = '$process/x' as StreamLike;
      await fails(async () => store.append(written, counted(1)), { name: 'InvalidStreamNameError' });
      await fails(async () => collect(store.read(written)), { name: 'InvalidStreamNameError' });
      const users = stream();
      await fails(async () => store.append(users, [SHIP]), {
        name: 'InvalidEventError',
        outcome: 'not-applied',
      });
      assert.equal((await store.status(users, { consistency: 'leader' })).state, 'missing');
    },
  },
];
