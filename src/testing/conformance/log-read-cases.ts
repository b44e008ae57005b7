import assert from 'node:assert/strict';
import { storedStream } from '../../event/stream-name.js';
import type { Position } from '../../event/position.js';
import type { CommitBatch, FollowOptions } from '../../event-store/replay/follow-options.js';
import type { EventStore } from '../../event-store/event-store.js';
import type { ReadAllStart } from '../../event-store/replay/read-all-start.js';
import type { ConformanceCase, ConformanceContext } from './conformance-case.js';
import { counted, Noted } from './conformance-events.js';
import { collect, fails, numbersInAll, range, until } from './conformance-support.js';

/** Cases of `readAll`, `follow`, `commitAt` and listings of streams. */
export const logReadCases: readonly ConformanceCase[] = [
  {
    name: 'readAll returns events in order of position, from or after a position, also inside a commit',
    async run(context) {
      const { store, category } = context;
      await fill(context);
      const events = await collect(store.readAll({ categories: [category] }));
      assert.deepStrictEqual(await numbersInAll(store, { categories: [category] }), range(1, 12));
      for (const [index, { position }] of events.entries()) {
        const at = await numbersInAll(store, { from: { position }, categories: [category] });
        assert.deepStrictEqual(at, range(1, 12).slice(index));
        const after = await numbersInAll(store, { from: { after: position }, categories: [category] });
        assert.deepStrictEqual(after, range(1, 12).slice(index + 1));
      }
    },
  },
  {
    name: 'readAll starts at a sequence or at a time',
    async run(context) {
      const { store, category } = context;
      await fill(context);
      const events = await collect(store.readAll({ categories: [category] }));
      const sequence = sequenceOf(events[3]?.position);
      const read = async (from: ReadAllStart) => numbersInAll(store, { from, categories: [category] });
      assert.deepStrictEqual(await read({ sequence }), range(4, 12));
      assert.deepStrictEqual(await read({ time: new Date(0) }), range(1, 12));
      assert.deepStrictEqual(await read({ time: new Date(Date.now() + 3_600_000) }), []);
      const [first = 99] = await read({ time: events[3]?.time ?? new Date(0) });
      // a Date cannot distinguish commits of the same millisecond
      assert.ok(first <= 4);
    },
  },
  {
    name: 'readAll filters by categories and types',
    async run(context) {
      const { store, stream, category } = context;
      await fill(context);
      const other = `${category}-other`;
      await store.append(stream(other), [new Noted('a'), ...counted(13)]);
      const both = [category, other, category];
      assert.equal((await collect(store.readAll({ categories: both }))).length, 14);
      const noted = await collect(store.readAll({ categories: both, types: ['ConformanceNoted'] }));
      assert.deepStrictEqual(
        noted.map(({ data }) => data),
        [new Noted('a')],
      );
      assert.deepStrictEqual(await collect(store.readAll({ categories: both, types: ['Unknown'] })), []);
      assert.deepStrictEqual(await collect(store.readAll({ categories: [`${category}-none`] })), []);
    },
  },
  {
    name: 'readAll and follow leave out categories that start with $ unless they are named',
    async run(context) {
      const { store, stream, category } = context;
      const from = { sequence: (await store.lastSequence()) + 1 };
      const system = `$${category.replaceAll(/[^a-z]/g, '')}`;
      await store.append(stream(), counted(1));
      const { position } = await store.append(storedStream(system, category), counted(2));
      await store.append(stream(), counted(3));
      assert.deepStrictEqual(await numbersInAll(store, { from }), [1, 3]);
      assert.deepStrictEqual(await numbersInAll(store, { from, categories: [category] }), [1, 3]);
      assert.deepStrictEqual(await numbersInAll(store, { from, categories: [system] }), [2]);
      assert.deepStrictEqual(await followed(store, { from }, 2), [1, 3]);
      assert.deepStrictEqual(await followed(store, { from, categories: [system] }, 1), [2]);
      assert.equal(await store.eventAt(position as Position), undefined);
      await fails(async () => store.streamPage({ category: system }), { name: 'InvalidOptionError' });
    },
  },
  {
    name: 'readAll and follow reject invalid options',
    async run({ store }) {
      const starts = [
        { sequence: 0 },
        { sequence: 1.5 },
        { time: new Date('x') },
        { time: 5 },
        { position: 'x' },
        {},
        '1.0',
        null,
      ];
      const bad: object[] = starts.map((from) => ({ from }));
      bad.push({ categories: ['*'] }, { categories: ['a.>'] }, { categories: 'order' }, { type: ['A'] });
      const refused = { name: 'InvalidOptionError', outcome: 'not-applied' };
      for (const options of bad) {
        await fails(async () => collect(store.readAll(options as never)), refused);
        await fails(async () => collect(store.follow(options as never), 1), refused);
      }
      await fails(async () => collect(store.follow({ maxBatch: 0 }), 1), refused);
    },
  },
  {
    name: 'readAll ends at the end that the log had when it started',
    async run(context) {
      const { store, stream, category } = context;
      await fill(context);
      const seen: number[] = [];
      for await (const { version } of store.readAll({ categories: [category] })) {
        seen.push(version);
        if (seen.length === 1) await store.append(stream(), counted(99));
      }
      assert.equal(seen.length, 12);
    },
  },
  {
    name: 'readAll ends with the reason of its signal, or when the loop is left',
    async run(context) {
      const { store, category } = context;
      await fill(context);
      const reason = new Noted('enough');
      const options = { categories: [category] };
      const aborted = collect(store.readAll({ ...options, signal: AbortSignal.abort(reason) }));
      assert.equal(await aborted.catch((error: unknown) => error), reason);
      const controller = new AbortController();
      const seen: unknown[] = [];
      const reading = async (): Promise<void> => {
        for await (const event of store.readAll({ ...options, signal: controller.signal })) {
          seen.push(event);
          controller.abort(reason);
        }
      };
      assert.equal(await reading().catch((error: unknown) => error), reason);
      // the current commit may still be completed
      assert.ok(seen.length <= 3);
      assert.equal((await collect(store.readAll(options), 2)).length, 2);
    },
  },
  {
    name: 'follow returns stored and new commits, each once and in order, and reports when it has caught up',
    async run(context) {
      const { store, another, stream, category } = context;
      await fill(context);
      const follower = following(store, { categories: [category] });
      await until('caught up', () => follower.batches.at(-1)?.caughtUp === true);
      assert.deepStrictEqual(follower.numbers(), range(1, 12));
      const other = await another();
      for (const n of range(13, 20)) await other.append(stream(), counted(n));
      await until('all there', () => follower.numbers().length >= 20);
      await follower.stop();
      assert.deepStrictEqual(follower.numbers(), range(1, 20));
    },
  },
  {
    name: 'follow says with each batch how many messages of its filter are still to come',
    async run(context) {
      await fill(context);
      const follow = context.store.follow({ categories: [context.category], maxBatch: 1 });
      const pending = (await collect(follow, 4)).map((batch) => batch.pending);
      assert.deepStrictEqual(pending, [3, 2, 1, 0]);
    },
  },
  {
    name: 'follow of an empty category has caught up at once, and returns the first commit',
    async run({ store, stream, category }) {
      const follower = following(store, { categories: [category] });
      await until('caught up', () => follower.batches.at(-1)?.caughtUp === true);
      assert.deepStrictEqual(follower.numbers(), []);
      await store.append(stream(), counted(1));
      await until('the first commit', () => follower.numbers().length === 1);
      await follower.stop();
    },
  },
  {
    name: 'follow starts at a whole commit: the one with the position, or the next one after the last event of a commit',
    async run(context) {
      const { store, category } = context;
      await fill(context);
      const events = await collect(store.readAll({ categories: [category] }));
      const position = (n: number): Position => events[n - 1]?.position as Position;
      const first = async (from: ReadAllStart) =>
        (await followed(store, { from, categories: [category] }, 1))[0];
      assert.equal(await first({ position: position(5) }), 4);
      assert.equal(await first({ after: position(5) }), 4);
      assert.equal(await first({ after: position(6) }), 7);
      assert.equal(await first({ sequence: sequenceOf(position(7)) }), 7);
      assert.equal(await first({ time: new Date(0) }), 1);
    },
  },
  {
    name: 'follow from a future time returns the next commit, from right after the end as well',
    async run({ store, stream, category }) {
      const categories = [category];
      const sequence = (await store.lastSequence()) + 1;
      const soon = following(store, { from: { time: new Date(Date.now() + 3_600_000) }, categories });
      const later = following(store, { from: { sequence }, categories });
      for (const { batches } of [soon, later]) await until('caught up', () => batches.length > 0);
      for (const n of range(1, 5)) await store.append(stream(), counted(n));
      await until('all there', () => soon.numbers().length === 5 && later.numbers().length === 5);
      await Promise.all([soon.stop(), later.stop()]);
      assert.deepStrictEqual(soon.numbers(), range(1, 5));
      assert.deepStrictEqual(later.numbers(), range(1, 5));
    },
  },
  {
    name: 'follow respects the maximum batch size',
    async run(context) {
      const { store, category } = context;
      await fill(context);
      const follower = following(store, { categories: [category], maxBatch: 3 });
      await until('caught up', () => follower.batches.at(-1)?.caughtUp === true);
      await follower.stop();
      assert.deepStrictEqual(follower.numbers(), range(1, 12));
      assert.ok(follower.batches.every(({ commits }) => commits.length <= 3));
    },
  },
  {
    name: 'follow ends without an error when its signal aborts, and with one when the store is closed',
    async run({ store, another, category }) {
      const options = { categories: [category] };
      const ended = await collect(store.follow({ ...options, signal: AbortSignal.abort() }));
      assert.deepStrictEqual(ended, []);
      const stopped = following(store, options);
      await until('caught up', () => stopped.batches.length > 0);
      await stopped.stop();
      const closing = await another();
      const cut = following(closing, options);
      await until('caught up', () => cut.batches.length > 0);
      await closing.close();
      await fails(async () => cut.done, { name: 'ConnectionClosedError' });
    },
  },
  {
    name: 'commitAt finds a commit by its sequence, and lastSequence is that of the last commit',
    async run({ store, stream }) {
      const order = stream();
      const { position, events } = await store.append(order, counted(1, 2));
      const sequence = sequenceOf(position);
      const last = await store.lastSequence();
      assert.ok(last >= sequence);
      const commit = await store.commitAt(sequence);
      assert.deepStrictEqual(commit?.stream, order);
      assert.equal(commit.commitId, events[0]?.id.split('/')[0]);
      assert.deepStrictEqual(
        commit.events.map(({ data }) => data),
        [{ n: 1 }, { n: 2 }],
      );
      assert.ok(commit.time !== undefined);
      assert.equal(await store.commitAt(last + 1_000), undefined);
    },
  },
  {
    name: 'the streams of a category are listed in pages, in a stable order, each once',
    async run({ store, another, stream, category }) {
      const made = range(1, 30).map(() => stream());
      for (const order of made) await store.append(order, counted(1));
      await store.append(stream(`${category}-other`), counted(1));
      const all = await collect(store.streams({ category }));
      assert.deepStrictEqual(all.map(String).toSorted(), made.map(String).toSorted());
      const other = await another();
      const paged: unknown[] = [];
      let pageToken: string | undefined;
      do {
        const page = await other.streamPage({ category, pageToken, ...(pageToken ? {} : { limit: 7 }) });
        assert.ok(page.streams.length <= 7);
        paged.push(...page.streams);
        ({ nextPageToken: pageToken } = page);
      } while (pageToken !== undefined);
      assert.deepStrictEqual(paged, all);
      const { nextPageToken } = await store.streamPage({ category, limit: 5 });
      const more = await store.streamPage({ category, pageToken: nextPageToken, limit: 10 });
      assert.deepStrictEqual(more.streams, all.slice(5, 15));
      const none = { streams: [], nextPageToken: undefined };
      assert.deepStrictEqual(await store.streamPage({ category: `${category}-none` }), none);
    },
  },
  {
    name: 'a listing of streams rejects invalid options',
    async run({ store, stream, category }) {
      for (const n of range(1, 3)) await store.append(stream(), counted(n));
      const { nextPageToken: pageToken } = await store.streamPage({ category, limit: 1 });
      for (const options of [
        { category: '*' },
        { category: '$redacted' },
        {},
        { category, limit: 0 },
        { category, limit: 10_001 },
        { category, pageToken: 'x' },
        { category: `${category}-other`, pageToken },
        { category, page: 1 },
      ]) {
        await fails(async () => store.streamPage(options as never), { name: 'InvalidOptionError' });
      }
    },
  },
  {
    name: 'the whole store is read backward, from its end or from a position, and a limit ends the read',
    async run(context) {
      const { store, category } = context;
      await fill(context);
      const categories = [category];
      const events = await collect(store.readAll({ categories }));
      const newestFirst = range(12, 1);
      const read = async (options: object) =>
        numbersInAll(store, { direction: 'backward', categories, ...options });
      assert.deepStrictEqual(await read({}), newestFirst);
      assert.deepStrictEqual(await read({ limit: 4 }), newestFirst.slice(0, 4));
      for (const [index, { position }] of events.entries()) {
        assert.deepStrictEqual(await read({ from: { position } }), newestFirst.slice(11 - index));
        assert.deepStrictEqual(await read({ from: { after: position } }), newestFirst.slice(12 - index));
      }
      const sequence = sequenceOf(events[5]?.position);
      assert.deepStrictEqual(await read({ from: { sequence } }), newestFirst.slice(6));
      assert.deepStrictEqual(await read({ types: ['Unknown'] }), []);
      assert.deepStrictEqual(await numbersInAll(store, { categories, limit: 5 }), range(1, 5));
      const refused = { name: 'InvalidOptionError' };
      await fails(async () => read({ limit: 0 }), refused);
      await fails(async () => read({ from: { time: new Date() } }), refused);
      await fails(async () => read({ direction: 'up' }), refused);
    },
  },
  {
    name: 'a follow may keep to slots: readers of all slots together get every commit once',
    async run(context) {
      const { store, stream, category } = context;
      const from = { sequence: (await store.lastSequence()) + 1 };
      for (const n of range(1, 40)) await store.append(stream(), counted(n));
      const slots = range(0, 63);
      const options = { from, categories: [category] };
      const shares = await Promise.all(
        [slots.slice(0, 20), slots.slice(20)].map(async (share) =>
          caughtUp(store, { ...options, slots: share }),
        ),
      );
      assert.ok(shares.every((share) => share.length > 0));
      assert.deepStrictEqual(
        shares.flat().toSorted((a, b) => a - b),
        range(1, 40),
      );
      for (const wrong of [[], [64], [-1], ['a'], 'x'])
        await fails(async () => followed(store, { slots: wrong as never }, 1), {
          name: 'InvalidOptionError',
        });
    },
  },
];

/** Appends events 1 to 12 in four commits of three, over three streams. */
async function fill({ store, stream }: ConformanceContext): Promise<void> {
  const streams = [stream(), stream(), stream()];
  for (const [index, n] of [1, 4, 7, 10].entries()) {
    await store.append(streams[index % 3] as (typeof streams)[0], counted(n, n + 2));
  }
}

/** The numbers that a follow gives until it has caught up. */
async function caughtUp(store: EventStore, options: FollowOptions): Promise<number[]> {
  const numbers: number[] = [];
  for await (const batch of store.follow(options)) {
    numbers.push(...numbersOf(batch));
    if (batch.caughtUp) break;
  }
  return numbers;
}

function sequenceOf(position: Position | undefined): number {
  return Number(position?.split('.')[0]);
}

/** Follows the store in the background and collects the numbers. */
function following(store: EventStore, options: FollowOptions) {
  const controller = new AbortController();
  const batches: CommitBatch[] = [];
  const done = (async (): Promise<void> => {
    for await (const batch of store.follow({ ...options, signal: controller.signal })) batches.push(batch);
  })();
  done.catch(() => undefined);
  const stop = async (): Promise<void> => {
    controller.abort();
    await done;
  };
  return { batches, done, stop, numbers: () => batches.flatMap(numbersOf) };
}

/** The numbers in the first commits that `follow` returns. */
async function followed(store: EventStore, options: FollowOptions, atLeast: number): Promise<number[]> {
  const numbers: number[] = [];
  for await (const batch of store.follow(options)) {
    numbers.push(...numbersOf(batch));
    if (numbers.length >= atLeast) break;
  }
  return numbers;
}

function numbersOf({ commits }: CommitBatch): number[] {
  return commits.flatMap(({ events }) => events.map(({ data }) => (data as { n: number }).n));
}
