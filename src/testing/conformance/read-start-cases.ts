import assert from 'node:assert/strict';
import { positionOf } from '../../event/position.js';
import type { ReadAllStart } from '../../event-store/replay/read-all-start.js';
import type { ConformanceCase } from './conformance-case.js';
import { counted } from './conformance-events.js';
import { collect, fails, numbersInAll } from './conformance-support.js';

/** Cases of where reads of the whole store and subscriptions can begin. */
export const readStartCases: readonly ConformanceCase[] = [
  {
    name: 'readAll, follow and subscribe refuse a start beyond the end of the log, and begin right after the end',
    async run({ store, stream, category }) {
      await store.append(stream(), counted(1, 2));
      const end = await store.lastSequence();
      const refused = { name: 'StartNotInLogError', code: 'start-not-in-log', outcome: 'not-applied' };
      const beyond = [
        { sequence: end + 2 },
        { sequence: 9_000_000 },
        { position: positionOf(end + 1, 1) },
        { position: positionOf(end + 2, 0) },
        { after: positionOf(end + 1, 0) },
      ];
      for (const from of beyond) {
        await fails(async () => collect(store.readAll({ from })), refused);
        await fails(async () => collect(store.readAll({ from, direction: 'backward' })), refused);
        await fails(async () => collect(store.follow({ from }), 1), refused);
        await fails(async () => store.subscribe({ from, onEvent: () => undefined }).closed, refused);
      }
      const categories = [category];
      assert.deepStrictEqual(await numbersInAll(store, { from: { sequence: end + 1 }, categories }), []);
      assert.deepStrictEqual(
        await numbersInAll(store, { from: { after: positionOf(end, 1) }, categories }),
        [],
      );
    },
  },
  {
    name: 'readAll, follow and subscribe begin at a position only if the event that is named with it is there',
    async run({ store, stream, category }) {
      const first = await store.append(stream(), counted(1, 2));
      const second = await store.append(stream(), counted(3));
      const [one, two] = first.events;
      const [three] = second.events;
      assert.ok(one && two && three);
      const categories = [category];
      const read = async (from: ReadAllStart) => numbersInAll(store, { from, categories });
      assert.deepStrictEqual(await read({ after: one.position, eventId: one.id }), [2, 3]);
      assert.deepStrictEqual(await read({ position: two.position, eventId: two.id }), [2, 3]);
      const refused = { name: 'StartNotInLogError', code: 'start-not-in-log' };
      for (const eventId of [three.id, two.id]) {
        const from = { after: one.position, eventId };
        await fails(async () => read(from), refused);
        await fails(async () => collect(store.follow({ from }), 1), refused);
        await fails(async () => store.subscribe({ from, onEvent: () => undefined }).closed, refused);
      }
      const bad = { after: one.position, eventId: 'x' };
      await fails(async () => read(bad), { name: 'InvalidOptionError' });
    },
  },
];
