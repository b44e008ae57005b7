import assert from 'node:assert/strict';
import type { Expectation } from '../../event-store/append/append-options.js';
import type { ConformanceCase, ConformanceContext } from './conformance-case.js';
import { counted, Noted } from './conformance-events.js';
import { collect, fails, holds, numbersIn, range } from './conformance-support.js';

/** Cases of command ids: a repeated command is stored once, and each caller gets the first result. */
export const idempotenceCases: readonly ConformanceCase[] = [
  {
    name: 'a repeated command returns the first result with committed false, and stores nothing',
    async run({ store, another, stream }) {
      const order = stream();
      const first = await store.append(order, counted(1), { commandId: 'c' });
      assert.equal(first.committed, true);
      for (const writer of [store, await another()]) {
        const repeated = await writer.append(order, counted(1), { commandId: 'c' });
        assert.deepStrictEqual(repeated, { ...first, committed: false });
      }
      assert.deepStrictEqual(await numbersIn(store, order), [1]);
    },
  },
  ...repeated('the exact version of the first call', 1, 1),
  ...repeated('"none", as in the first call', 'none', 'none'),
  ...repeated('a version that does not exist yet', 1, 99),
  ...repeated('"exists"', 1, 'exists'),
  ...repeated('"any"', 1, 'any'),
  {
    name: 'a repeated command of several events returns the first versions and positions',
    async run({ store, stream }) {
      const order = stream();
      await store.append(order, counted(0));
      const first = await store.append(order, counted(1, 4), { commandId: 'c', expect: 1 });
      const second = await store.append(order, counted(1, 4), { commandId: 'c', expect: 1 });
      assert.deepStrictEqual(second, { ...first, committed: false });
      assert.deepStrictEqual(await numbersIn(store, order), range(0, 4));
    },
  },
  {
    name: 'a repeated command id with other events returns the stored commit with committed false',
    async run({ store, stream }) {
      const order = stream();
      const first = await store.append(order, counted(1, 2), { commandId: 'c' });
      const other = await store.append(order, [new Noted('other')], { commandId: 'c' });
      assert.deepStrictEqual(other, { ...first, committed: false });
      assert.deepStrictEqual(await numbersIn(store, order), [1, 2]);
    },
  },
  {
    name: 'a command is found many commits before the end of the stream, through another handle',
    async run({ store, another, stream }) {
      const order = stream();
      const first = await store.append(order, counted(0), { commandId: 'c', expect: 'none' });
      for (const batch of range(1, 12)) await store.append(order, counted(batch * 100, batch * 100 + 99));
      const other = await another();
      for (const expect of ['any', 'none', 'exists', 7] as const) {
        const second = await other.append(order, counted(0), { commandId: 'c', expect });
        assert.deepStrictEqual(second, { ...first, committed: false });
      }
    },
  },
  {
    name: 'two concurrent calls with one command id store one commit, and both get the same result',
    async run({ store, another, stream }) {
      const other = await another();
      for (const expect of ['none', 'any'] as const) {
        const order = stream();
        const results = await Promise.all(
          [store, other, store, other].map(async (writer, index) =>
            writer.append(order, counted(index), { commandId: 'c', expect }),
          ),
        );
        assert.equal(results.filter(({ committed }) => committed).length, 1);
        const told = results.map((result) => ({ ...result, committed: true }));
        for (const result of told) assert.deepStrictEqual(result, told[0]);
        assert.equal((await numbersIn(store, order)).length, 1);
      }
    },
  },
  {
    name: 'a command is found that another process has stored after the caller read the stream',
    async run({ store, another, stream }) {
      const order = stream();
      await store.append(order, counted(0));
      const first = await (await another()).append(order, counted(1), { commandId: 'c' });
      for (const expect of [1, 'any', 'exists'] as const) {
        const second = await store.append(order, counted(1), { commandId: 'c', expect, lookedUpTo: 1 });
        assert.deepStrictEqual(second, { ...first, committed: false });
      }
    },
  },
  {
    name: 'the expectation of a new command is checked like that of any append',
    async run({ store, stream }) {
      const order = stream();
      await store.append(order, counted(1, 2));
      for (const [expect, expected] of [
        [1, 1],
        ['none', 'none'],
      ] as const) {
        const conflicting = async () => store.append(order, counted(3), { commandId: 'c', expect });
        await fails(conflicting, { name: 'WrongExpectedVersionError', expected, actual: 2 });
      }
      const stored = await store.append(order, counted(3), { commandId: 'c', expect: 2 });
      holds(stored, { version: 3, committed: true });
    },
  },
  {
    name: 'a command id is unique per stream: two streams can use the same one',
    async run({ store, stream }) {
      for (const order of [stream(), stream()]) {
        const result = await store.append(order, counted(1), { commandId: 'c' });
        holds(result, { version: 1, committed: true });
      }
    },
  },
  {
    name: 'the command id is part of the metadata of the stored events',
    async run({ store, stream }) {
      const order = stream();
      await store.append(order, counted(1, 2), { commandId: 'pay 42/ä' });
      const events = await collect(store.read(order, { consistency: 'leader' }));
      assert.deepStrictEqual(
        events.map(({ metadata }) => metadata.commandId),
        ['pay 42/ä', 'pay 42/ä'],
      );
    },
  },
  {
    name: 'a command without events stores nothing and is not remembered',
    async run({ store, stream }) {
      const order = stream();
      holds(await store.append(order, [], { commandId: 'c' }), { version: 0, committed: false });
      holds(await store.append(order, counted(1), { commandId: 'c' }), { version: 1, committed: true });
    },
  },
  {
    name: 'without a command id a repeated append stores the events again',
    async run({ store, stream }) {
      const order = stream();
      const one = await store.append(order, counted(1));
      const two = await store.append(order, counted(1));
      assert.notEqual(one.events[0]?.id, two.events[0]?.id);
      assert.deepStrictEqual(await numbersIn(store, order), [1, 1]);
    },
  },
];

function repeated(what: string, first: Expectation, second: Expectation): ConformanceCase[] {
  const run = async ({ store, another, stream }: ConformanceContext): Promise<void> => {
    const order = stream();
    if (first !== 'none') await store.append(order, counted(0));
    const result = await store.append(order, counted(1, 2), { commandId: 'c', expect: first });
    const other = await another();
    await other.append(order, counted(3));
    for (const writer of [store, other]) {
      const again = await writer.append(order, counted(1, 2), { commandId: 'c', expect: second });
      assert.deepStrictEqual(again, { ...result, committed: false });
    }
    assert.equal((await numbersIn(store, order)).at(-1), 3);
  };
  return [{ name: `a repeated command is found before the expectation is checked: ${what}`, run }];
}
