import assert from 'node:assert/strict';
import { comparePositions } from '../../event/position.js';
import type { RecordedEvent } from '../../event/recorded-event.js';
import type { Expectation } from '../../event-store/append/append-options.js';
import type { ConformanceCase, ConformanceContext } from './conformance-case.js';
import { Counted, counted, Noted } from './conformance-events.js';
import { collect, fails, holds, numbersIn, range, versionOf } from './conformance-support.js';

/** Cases of `append`: expectations, versions, positions and limits. */
export const appendCases: readonly ConformanceCase[] = [
  {
    name: 'an append to a new stream with expect none stores version 1 and returns version and position',
    async run({ store, stream }) {
      const order = stream();
      const result = await store.append(order, [new Noted('a')], { expect: 'none' });
      const [event] = await collect(store.read(order, { consistency: 'leader' }));
      assert.match(event?.id ?? '', /^[0-9a-f-]{36}\/0$/);
      assert.match(result.position ?? '', /^\d+\.0$/);
      const { id, position } = event ?? {};
      assert.deepStrictEqual(result, {
        stream: order,
        version: 1,
        position,
        committed: true,
        events: [{ id, type: 'ConformanceNoted', version: 1, position }],
      });
    },
  },
  {
    name: 'three appends of one event, each expecting the previous version, get gapless versions',
    async run({ store, stream }) {
      const order = stream();
      for (const version of [0, 1, 2]) {
        const result = await store.append(order, counted(version), { expect: version });
        assert.equal(result.version, version + 1);
      }
      assert.deepStrictEqual(await numbersIn(store, order), [0, 1, 2]);
    },
  },
  {
    name: 'several events of one append get consecutive versions in order and share a commit id',
    async run({ store, stream }) {
      const order = stream();
      await store.append(order, counted(1));
      const { version, position, events } = await store.append(order, counted(2, 6), { expect: 1 });
      assert.equal(version, 6);
      assert.deepStrictEqual(
        events.map((event) => Number(event.version)),
        range(2, 6),
      );
      assert.deepStrictEqual(
        events.map(({ id }) => id.split('/')[1]),
        ['0', '1', '2', '3', '4'],
      );
      assert.equal(new Set(events.map(({ id }) => id.split('/')[0])).size, 1);
      assert.equal(events.at(-1)?.position, position);
      assert.deepStrictEqual(await numbersIn(store, order), range(1, 6));
    },
  },
  ...conflict('"none" on an existing stream', { actual: 2, expect: 'none', expected: 'none' }),
  ...conflict('version 0 on an existing stream', { actual: 2, expect: 0, expected: 'none' }),
  ...conflict('"exists" on a missing stream', { actual: 0, expect: 'exists', expected: 'exists' }),
  ...conflict('a version that is too low', { actual: 3, expect: 2, expected: 2 }),
  ...conflict('a version that is too high', { actual: 3, expect: 4, expected: 4 }),
  ...conflict('a version on a missing stream', { actual: 0, expect: 1, expected: 1 }),
  {
    name: '"exists" succeeds on an existing stream, "any" on every stream',
    async run({ store, another, stream }) {
      const order = stream();
      const other = await another();
      const versions: number[] = [];
      for (const [writer, expect] of [
        [store, 'any'],
        [store, 'any'],
        [other, 'exists'],
        [store, 'exists'],
        [other, undefined],
      ] as const) {
        versions.push((await writer.append(order, counted(1), { expect })).version);
      }
      assert.deepStrictEqual(versions, [1, 2, 3, 4, 5]);
    },
  },
  {
    name: 'of two writers that expect the same version, one succeeds and the other gets a conflict',
    async run({ store, another, stream }) {
      const order = stream();
      await store.append(order, counted(0));
      await oneWins(order, [store, await another()], 1);
    },
  },
  {
    name: 'of six writers on two handles, exactly one succeeds in each of 30 rounds',
    async run({ store, another, stream }) {
      const order = stream();
      const other = await another();
      for (const version of range(0, 29))
        await oneWins(order, [store, other, store, other, store, other], version);
      assert.equal(await versionOf(store, order), 30);
    },
  },
  {
    name: 'with concurrent writers that expect none, a version and any, no event is stored between an event and the version it expected',
    async run({ store, another, stream }) {
      const order = stream();
      const other = await another();
      for (let round = 0; round < 10; round += 1) {
        const before = await versionOf(store, order);
        const [exact, none] = await Promise.allSettled([
          store.append(order, counted(before), { expect: before }),
          other.append(order, counted(-1), { expect: 'none' }),
          other.append(order, counted(-2), { expect: 'any' }),
        ]);
        if (exact.status === 'fulfilled') assert.equal(exact.value.version, before + 1);
        if (none.status === 'fulfilled') assert.equal(none.value.version, 1);
      }
      const numbers = await numbersIn(store, order);
      for (const [index, n] of numbers.entries()) if (n >= 0) assert.equal(n, index);
    },
  },
  {
    name: 'a conflict has the actual version, even if the writer knew an older one',
    async run({ store, another, stream }) {
      const order = stream();
      await store.append(order, counted(1));
      await (await another()).append(order, counted(2, 7));
      const expected = { name: 'WrongExpectedVersionError', expected: 1, actual: 7 };
      await fails(async () => store.append(order, counted(9), { expect: 1 }), expected);
      holds(await store.append(order, counted(8), { expect: 7 }), { version: 8, committed: true });
    },
  },
  {
    name: 'an append of no events stores nothing and returns the current version',
    async run({ store, another, stream }) {
      const order = stream();
      const nothing = { stream: order, position: undefined, committed: false, events: [] };
      assert.deepStrictEqual(await store.append(order, []), { ...nothing, version: 0 });
      await (await another()).append(order, counted(1, 3));
      assert.deepStrictEqual(await store.append(order, [], { expect: 1 }), { ...nothing, version: 3 });
      assert.deepStrictEqual(await numbersIn(store, order), [1, 2, 3]);
    },
  },
  {
    name: 'an append above the payload limit fails with size and limit, and stores nothing',
    async run({ store, stream }) {
      const order = stream();
      await store.append(order, counted(1));
      const tooLarge = [new Noted('x'.repeat(2_000_000))];
      const error = await fails(async () => store.append(order, tooLarge), {
        name: 'PayloadTooLargeError',
        code: 'payload-too-large',
        outcome: 'not-applied',
        stream: order.toString(),
      });
      const { size, limit } = error as unknown as { size: number; limit: number };
      assert.ok(size > 2_000_000 && limit < 2_000_000, `${size} is above ${limit}`);
      holds(await store.append(order, counted(2), { expect: 1 }), { version: 2 });
    },
  },
  {
    name: 'the payload limit is exact to the byte',
    async run({ store, stream }) {
      // all expect none, so that their guard headers have the same length
      const sized = (length: number): Noted[] => [new Noted('x'.repeat(length))];
      const order = stream();
      const append = async (length: number) => store.append(order, sized(length), { expect: 'none' });
      const probe = await fails(async () => append(2_000_000), { code: 'payload-too-large' });
      const { size, limit } = probe as unknown as { size: number; limit: number };
      const exact = 2_000_000 - (size - limit);
      const refused = { name: 'PayloadTooLargeError', size: limit + 1, limit };
      await fails(async () => append(exact + 1), refused);
      holds(await append(exact), { version: 1, committed: true });
      const [event] = await collect(store.read(order, { consistency: 'leader' }));
      assert.equal(((event as RecordedEvent).data as Noted).text.length, exact);
    },
  },
  {
    name: 'an append of several events stores none of them if one is invalid or the version conflicts',
    async run({ store, stream }) {
      const order = stream();
      await store.append(order, counted(1));
      const withForeign = [new Counted(2), new (class Foreign {})()];
      await fails(async () => store.append(order, withForeign), { code: 'event-registration' });
      await fails(async () => store.append(order, counted(2, 4), { expect: 2 }), {
        code: 'wrong-expected-version',
      });
      assert.deepStrictEqual(await numbersIn(store, order), [1]);
    },
  },
  {
    name: 'versions count per stream, positions increase over all streams',
    async run({ store, stream }) {
      const [one, two] = [stream(), stream()];
      const results = [];
      for (const order of [one, two, one, two, two]) results.push(await store.append(order, counted(1, 2)));
      assert.deepStrictEqual(
        results.map(({ version }) => Number(version)),
        [2, 2, 4, 4, 6],
      );
      const positions = results.flatMap(({ events }) => events.map(({ position }) => position));
      assert.deepStrictEqual(positions.toSorted(comparePositions), positions);
      assert.equal(new Set(positions).size, 10);
    },
  },
  {
    name: '200 appends started at once all settle, and none is lost',
    async run({ store, stream }) {
      const order = stream();
      const results = await Promise.all(
        range(1, 200).map(async (n) =>
          n % 2 === 0
            ? store.append(stream(), counted(n), { expect: 'none' })
            : store.append(order, counted(n)),
        ),
      );
      assert.ok(results.every(({ committed }) => committed));
      const numbers = await numbersIn(store, order);
      assert.deepStrictEqual(
        numbers.toSorted((a, b) => a - b),
        range(0, 99).map((n) => 2 * n + 1),
      );
    },
  },
  {
    name: 'an append with an aborted signal rejects with its reason and stores nothing',
    async run({ store, stream }) {
      const order = stream();
      const reason = new Noted('enough');
      const signal = AbortSignal.abort(reason);
      const error = await store.append(order, counted(1), { signal }).catch((thrown: unknown) => thrown);
      assert.equal(error, reason);
      assert.equal(await versionOf(store, order), 0);
    },
  },
  {
    name: 'changing an event or a result after the append does not change the log',
    async run({ store, stream }) {
      const order = stream();
      const event = { tags: ['a'] };
      await store.append(order, [Object.assign(new Noted('kept'), event)]);
      event.tags.push('b');
      const [first] = await collect(store.read(order, { consistency: 'leader' }));
      ((first as RecordedEvent).data as typeof event).tags.push('c');
      const [second] = await collect(store.read(order, { consistency: 'leader' }));
      assert.deepStrictEqual(((second as RecordedEvent).data as typeof event).tags, ['a']);
    },
  },
  {
    name: 'a closed handle rejects every call, and other handles still work',
    async run({ store, another, stream }) {
      const order = stream();
      const closing = await another();
      await closing.append(order, counted(1));
      await closing.close();
      await closing.close();
      const closed = { name: 'ConnectionClosedError', code: 'connection-closed' };
      for (const work of [
        async () => closing.append(order, counted(2)),
        async () => closing.status(order),
        async () => closing.readCommits(order),
        async () => closing.commitAt(1),
        async () => closing.lastSequence(),
        async () => collect(closing.read(order)),
        async () => collect(closing.readAll()),
        async () => collect(closing.follow({}), 1),
      ]) {
        await fails(work, closed);
      }
      assert.deepStrictEqual(await numbersIn(store, order), [1]);
    },
  },
];

interface Conflict {
  /** The version that the stream is at. */
  readonly actual: number;
  /** The expectation that the writer gives. */
  readonly expect: Expectation;
  /** The expectation that the error names. */
  readonly expected: 'none' | 'exists' | number;
}

function conflict(what: string, { actual, expect, expected }: Conflict): ConformanceCase[] {
  const run = async ({ store, another, stream }: ConformanceContext): Promise<void> => {
    const order = stream();
    if (actual > 0) await store.append(order, counted(1, actual));
    for (const writer of [store, await another()]) {
      const error = await fails(async () => writer.append(order, counted(9), { expect }), {
        name: 'WrongExpectedVersionError',
        code: 'wrong-expected-version',
        outcome: 'not-applied',
        stream: order.toString(),
        expected,
        actual,
      });
      assert.ok(error.message.includes(order.toString()));
    }
    assert.equal(await versionOf(store, order), actual);
  };
  return [{ name: `expecting ${what} is a conflict with stream, expected and actual version`, run }];
}

async function oneWins(
  order: ReturnType<ConformanceContext['stream']>,
  writers: readonly ConformanceContext['store'][],
  version: number,
): Promise<void> {
  const results = await Promise.allSettled(
    writers.map(async (writer, index) => writer.append(order, counted(index), { expect: version })),
  );
  const losers = results.filter((result) => result.status === 'rejected');
  assert.equal(losers.length, writers.length - 1);
  for (const { reason } of losers) {
    const expected = version === 0 ? 'none' : version;
    holds(reason, { name: 'WrongExpectedVersionError', expected, actual: version + 1 });
  }
}
