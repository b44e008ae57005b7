import assert from 'node:assert/strict';
import type { StreamName } from '../../event/stream-name.js';
import type { EventStore } from '../../event-store/event-store.js';
import type { Expectation } from '../../event-store/append/append-options.js';
import type { TransactionEntry } from '../../event-store/append/transact-options.js';
import type { ConformanceCase, ConformanceContext } from './conformance-case.js';
import { counted, Noted } from './conformance-events.js';
import { collect, fails, holds, numbersIn, numbersInAll, range, versionOf } from './conformance-support.js';

/** Cases of `transact`: atomic appends to several streams. */
export const transactionCases: readonly ConformanceCase[] = [
  {
    name: 'a transaction on two streams with both expectations met appends to both and returns both versions',
    async run({ store, stream, category }) {
      const [one, two] = [stream(), stream()];
      await store.append(one, counted(1));
      const { committed, entries } = await store.transact([
        { stream: one, expect: 1, events: counted(2, 3) },
        { stream: two, expect: 'none', events: counted(4) },
      ]);
      assert.equal(committed, true);
      assert.equal(entries.length, 2);
      holds(entries[0], { stream: one, version: 3, committed: true });
      holds(entries[1], { stream: two, version: 1, committed: true });
      assert.deepStrictEqual(await numbersInAll(store, { categories: [category] }), range(1, 4));
      const events = await collect(store.read(one, { from: 2, consistency: 'leader' }));
      assert.deepStrictEqual(
        events.map(({ id, type, version, position }) => ({ id, type, version, position })),
        entries[0]?.events,
      );
      assert.equal(events.at(-1)?.position, entries[0]?.position);
    },
  },
  {
    name: 'the commits of a transaction have its part numbers and share its metadata',
    async run({ store, stream }) {
      const streams = [stream(), stream(), stream()];
      const write = streams.map((each) => ({ stream: each, events: counted(1) }));
      await store.transact(write, { metadata: { actor: 'ada' }, commandId: 'c' });
      const parts = [];
      for (const each of streams) {
        const [event] = await collect(store.read(each, { consistency: 'leader' }));
        holds(event?.metadata, { actor: 'ada', commandId: 'c' });
        parts.push(event?.metadata['transaction'] as { id: string; part: number; of: number });
      }
      assert.equal(new Set(parts.map(({ id }) => id)).size, 1);
      assert.deepStrictEqual(
        parts.map(({ part, of }) => [part, of]),
        [
          [1, 3],
          [2, 3],
          [3, 3],
        ],
      );
    },
  },
  {
    name: 'a transaction with violated expectations stores nothing, and the error lists each of them',
    async run({ store, stream }) {
      const streams = range(1, 5).map(() => stream());
      const [one, two, three, four, five] = streams as [
        StreamName,
        StreamName,
        StreamName,
        StreamName,
        StreamName,
      ];
      await store.append(one, counted(1));
      await store.append(four, counted(1, 2));
      const work = async () =>
        store.transact([
          { stream: one, expect: 'none', events: counted(9) },
          { stream: two, expect: 'none', events: counted(9) },
          { stream: three, expect: 'exists', events: counted(9) },
          { stream: four, expect: 5 },
          { stream: five, expect: 2, events: counted(9) },
        ]);
      await fails(work, {
        name: 'TransactionConflictError',
        code: 'transaction-conflict',
        outcome: 'not-applied',
        violations: [
          { index: 0, stream: one.toString(), expected: 'none', actual: 1 },
          { index: 2, stream: three.toString(), expected: 'exists', actual: 0 },
          { index: 3, stream: four.toString(), expected: 5, actual: 2 },
          { index: 4, stream: five.toString(), expected: 2, actual: 0 },
        ],
      });
      const versions = await Promise.all(streams.map(async (each) => versionOf(store, each)));
      assert.deepStrictEqual(versions, [1, 0, 0, 2, 0]);
    },
  },
  ...violatedAlone([0]),
  ...violatedAlone([1]),
  ...violatedAlone([0, 2]),
  ...violatedAlone([0, 1, 2]),
  {
    name: 'every kind of violated expectation of an entry with events is listed',
    async run({ store, stream }) {
      for (const [expect, expected] of [
        ['none', 'none'],
        [0, 'none'],
        [1, 1],
        [3, 3],
      ] as const) {
        const [one, two] = [stream(), stream()];
        await store.append(one, counted(1, 2));
        const work = async () =>
          store.transact([
            { stream: two, expect: 'none', events: counted(9) },
            { stream: one, expect, events: counted(9) },
          ]);
        const violations = [{ index: 1, stream: one.toString(), expected, actual: 2 }];
        await fails(work, { name: 'TransactionConflictError', violations });
        assert.equal(await versionOf(store, two), 0);
      }
    },
  },
  {
    name: 'a check of a stream without events in the transaction supports none, exists, any and exact versions',
    async run(context) {
      for (const [before, expect, isMet] of [
        [0, 'none', true],
        [0, 0, true],
        [0, 'exists', false],
        [0, 1, false],
        [0, 'any', true],
        [2, 'none', false],
        [2, 0, false],
        [2, 'exists', true],
        [2, 2, true],
        [2, 1, false],
        [2, 3, false],
        [2, 'any', true],
      ] as const) {
        await checks(context, before, { expect, isMet });
      }
    },
  },
  {
    name: 'several checks that hold return the versions that were checked',
    async run({ store, stream, category }) {
      const [written, one, two, missing] = [stream(), stream(), stream(), stream()];
      await store.append(written, counted(1));
      await store.append(one, counted(2));
      await store.append(two, counted(3, 4));
      const { committed, entries } = await store.transact([
        { stream: one, expect: 1 },
        { stream: written, expect: 1, events: counted(5) },
        { stream: two, expect: 'exists', events: [] },
        { stream: missing, expect: 'none' },
      ]);
      assert.equal(committed, true);
      const unchanged = { position: undefined, committed: false, events: [] };
      assert.deepStrictEqual(entries[0], { stream: one, version: 1, ...unchanged });
      holds(entries[1], { stream: written, version: 2, committed: true });
      assert.deepStrictEqual(entries[2], { stream: two, version: 2, ...unchanged });
      assert.deepStrictEqual(entries[3], { stream: missing, version: 0, ...unchanged });
      // a check stores no event
      assert.deepStrictEqual(await numbersInAll(store, { categories: [category] }), range(1, 5));
    },
  },
  {
    name: 'an entry without events that expects any returns the current version, even if the caller knew an older one',
    async run({ store, another, stream }) {
      const [written, other] = [stream(), stream()];
      await store.append(other, counted(1));
      await (await another()).append(other, counted(2, 4));
      const { entries } = await store.transact([
        { stream: written, events: counted(1) },
        { stream: other, expect: 'any' },
      ]);
      holds(entries[1], { version: 4, committed: false });
    },
  },
  {
    name: 'transactions with checks get consecutive versions and increasing positions',
    async run({ store, stream }) {
      const [written, checked] = [stream(), stream()];
      const positions: (string | undefined)[] = [];
      for (const version of range(0, 4)) {
        const { entries } = await store.transact([
          { stream: written, expect: version, events: counted(version) },
          { stream: checked, expect: 'none' },
        ]);
        positions.push(entries[0]?.position);
      }
      assert.deepStrictEqual(await numbersIn(store, written), range(0, 4));
      const events = await collect(store.read(written, { consistency: 'leader' }));
      assert.deepStrictEqual(
        events.map(({ position }) => position),
        positions,
      );
      holds(await store.append(written, counted(5), { expect: 5 }), { version: 6 });
    },
  },
  {
    name: 'a repeated transaction returns the first versions and positions with committed false',
    async run({ store, another, stream }) {
      const [one, two, checked] = [stream(), stream(), stream()];
      const entries = (n: number): TransactionEntry[] => [
        { stream: one, expect: 'none', events: counted(n, n + 1) },
        { stream: checked, expect: 'none' },
        { stream: two, events: counted(n) },
      ];
      const first = await store.transact(entries(1), { commandId: 'c' });
      assert.equal(first.committed, true);
      const told = first.entries.map((entry) => ({ ...entry, committed: false }));
      for (const writer of [store, await another()]) {
        for (const n of [1, 7]) {
          const again = await writer.transact(entries(n), { commandId: 'c' });
          assert.deepStrictEqual(again, { committed: false, entries: told });
        }
      }
      assert.deepStrictEqual(await numbersIn(store, one), [1, 2]);
      assert.deepStrictEqual(await numbersIn(store, two), [1]);
    },
  },
  {
    name: 'of concurrent transactions that overlap in one stream, at most one succeeds from the same versions',
    async run({ store, another, stream }) {
      const ring = [stream(), stream(), stream()];
      const writers = [store, await another(), store];
      for (const round of range(1, 10)) {
        const versions = await Promise.all(ring.map(async (each) => versionOf(store, each)));
        const results = await Promise.allSettled(
          writers.map(async (writer, at) => pair(writer, { ring, versions, at })),
        );
        const won = results.filter(({ status }) => status === 'fulfilled').length;
        // any two pairs share a stream
        assert.ok(won <= 1, `${won} transactions won round ${round}`);
        for (const result of results) {
          if (result.status === 'rejected') holds(result.reason, { name: 'TransactionConflictError' });
        }
      }
    },
  },
  {
    name: 'a transaction on one stream works like an append',
    async run({ store, stream }) {
      const order = stream();
      const { committed, entries } = await store.transact([{ stream: order, events: counted(1, 2) }]);
      assert.equal(committed, true);
      holds(entries[0], { stream: order, version: 2, committed: true });
      const [event] = await collect(store.read(order, { consistency: 'leader' }));
      assert.equal(event?.metadata['transaction'], undefined);
    },
  },
  {
    name: 'a transaction on many streams is stored completely',
    async run({ store, stream, category }) {
      const entries = range(1, 200).map((n) => ({
        stream: stream(),
        expect: 'none' as const,
        events: counted(n),
      }));
      const result = await store.transact(entries);
      assert.ok(result.entries.every(({ committed, version }) => committed && version === 1));
      assert.deepStrictEqual(await numbersInAll(store, { categories: [category] }), range(1, 200));
    },
  },
  {
    name: 'a transaction with one commit above the payload limit stores nothing',
    async run({ store, stream }) {
      const [one, two] = [stream(), stream()];
      const tooLarge = [new Noted('x'.repeat(2_000_000))];
      const work = async () =>
        store.transact([
          { stream: one, events: counted(1) },
          { stream: two, events: tooLarge },
        ]);
      await fails(work, { name: 'PayloadTooLargeError', stream: two.toString() });
      assert.equal(await versionOf(store, one), 0);
    },
  },
  {
    name: 'an invalid transaction is rejected before anything is sent',
    async run({ store, stream, category }) {
      const order = stream();
      const write = { stream: order, events: counted(1) };
      const tooMany = range(1, 1_001).map(() => ({ stream: stream(), events: counted(1) }));
      const refused = { name: 'InvalidOptionError', outcome: 'not-applied' };
      const many = await fails(async () => store.transact(tooMany), refused);
      assert.match(many.message, /1,?000/);
      for (const entries of [
        [],
        [write, write],
        [write, { stream: order, expect: 'exists' }],
        [{ stream: order, expect: 'none' }],
        [{ ...write, expected: 1 }],
        [{ ...write, expect: -1 }],
        [{ ...write, stream: 'order' }],
        [{ ...write, events: 'x' }],
        'x',
      ]) {
        await fails(async () => store.transact(entries as never), refused);
      }
      await fails(async () => store.transact([write], { command: 'c' } as never), refused);
      await fails(async () => store.transact([{ stream: order, events: [{}] }]), {
        name: 'EventRegistrationError',
      });
      assert.deepStrictEqual(await collect(store.readAll({ categories: [category] })), []);
    },
  },
];

/** A transaction on three streams at version 1 that expects `none` of some of them. */
function violatedAlone(indexes: readonly number[]): ConformanceCase[] {
  const run = async ({ store, stream }: ConformanceContext): Promise<void> => {
    const [written, ...checked] = [stream(), stream(), stream(), stream()];
    for (const each of checked) await store.append(each, counted(1));
    const checks = checked.map((each, at): TransactionEntry => {
      return { stream: each, expect: indexes.includes(at) ? 'none' : 1 };
    });
    const write = { stream: written as StreamName, events: counted(9) };
    await fails(async () => store.transact([...checks, write]), {
      name: 'TransactionConflictError',
      violations: indexes.map((at) => {
        return { index: at, stream: String(checked[at]), expected: 'none', actual: 1 };
      }),
    });
    assert.equal(await versionOf(store, write.stream), 0);
  };
  return [{ name: `of three checks, the violated ones are listed: those at ${indexes.join(', ')}`, run }];
}

async function checks(
  { store, stream }: ConformanceContext,
  before: number,
  { expect, isMet }: { readonly expect: Expectation; readonly isMet: boolean },
): Promise<void> {
  const [written, checked] = [stream(), stream()];
  if (before > 0) await store.append(checked, counted(1, before));
  const work = async () =>
    store.transact([
      { stream: written, events: counted(1) },
      { stream: checked, expect },
    ]);
  if (isMet) holds((await work()).entries[1], { version: before, committed: false });
  else {
    const expected = expect === 0 ? 'none' : expect;
    const violations = [{ index: 1, stream: checked.toString(), expected, actual: before }];
    await fails(work, { name: 'TransactionConflictError', violations });
  }
  assert.equal(await versionOf(store, written), isMet ? 1 : 0);
  assert.equal(await versionOf(store, checked), before);
}

interface Pair {
  readonly ring: readonly StreamName[];
  /** Versions of the ring's streams, as read before. */
  readonly versions: readonly number[];
  /** Index in the ring of the first of the two streams. */
  readonly at: number;
}

/** Appends to two neighbours of a ring, expecting versions that were read before. */
async function pair(store: EventStore, { ring, versions, at }: Pair): Promise<unknown> {
  const next = (at + 1) % ring.length;
  const entries = [at, next].map((index) => {
    return { stream: ring[index] as StreamName, expect: versions[index], events: counted(at) };
  });
  return store.transact(entries);
}
