import type { Commit } from '../../src/event/commit.js';
import { encodeCommit } from '../../src/event/commit-format.js';
import { nextPredecessors } from '../../src/event/predecessors.js';
import { streamName, type StreamName } from '../../src/event/stream-name.js';
import { subjectOf } from '../../src/event/subject.js';
import type { JetStreamEventStore } from '../../src/event-store/jetstream-event-store.js';
import { openStore, uniqueStoreName } from '../shared-server.js';
import { collect, rejection } from '../support/collect.js';
import { counted, type Counted, ORDER_EVENTS } from '../support/order-events.js';
import { RawNats } from '../support/raw-nats.js';

let raw: RawNats;
let store: JetStreamEventStore;
const order = streamName('order', 'a.b');

beforeAll(async () => {
  raw = await RawNats.open();
});

beforeEach(async () => {
  store = await openStore({ name: uniqueStoreName(), events: ORDER_EVENTS });
});

afterAll(async () => {
  await raw.nc.close();
});

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, index) => from + index);
}

async function numbersIn(name: StreamName): Promise<number[]> {
  return (await collect(store.read(name))).map(({ data }) => (data as Counted).n);
}

function commitOf(
  name: StreamName,
  number: number,
  predecessors: readonly number[],
  changes: Partial<Commit> = {},
): Commit {
  return {
    stream: name,
    commitId: crypto.randomUUID(),
    attemptId: crypto.randomUUID(),
    number,
    firstVersion: number,
    predecessors,
    metadata: { occurredAt: '2026-01-01T00:00:00Z' },
    events: [{ type: 'Counted', schemaVersion: 1, data: { n: number } }],
    ...changes,
  };
}

async function storeRaw(name: StreamName, commit: Commit): Promise<number> {
  return raw.store(subjectOf(store.name, name), encodeCommit(commit));
}

/**
 * A stream as after an import: its commits list the sequences of the store that they come from, which differ
 * by `shift`.
 */
async function importStream(name: StreamName, count: number, shift: number): Promise<void> {
  let listed: number[] = [];
  for (let number = 1; number <= count; number += 1) {
    const sequence = await storeRaw(name, commitOf(name, number, listed));
    listed = nextPredecessors(number, sequence + shift, listed);
  }
}

describe('a message that is not a commit', () => {
  it.each<[string, string, RegExp]>([
    ['text', 'hello', /not JSON/],
    ['without a body', '', /not JSON/],
    ['other JSON', '{"orderId":42}', /not a commit/],
    ['of a later format', '{"format":2}', /format 2/],
  ])(
    '%s on the subject of a stream makes reads, loads and appends fail with its position',
    async (_, body, reason) => {
      await store.append(order, counted(1, 2));
      const sequence = await raw.store(subjectOf(store.name, order), body);
      const corrupt = {
        name: 'CorruptStreamError',
        stream: 'order/a.b',
        position: `${sequence}.0`,
        message: expect.stringMatching(reason) as string,
      };
      for (const consistency of ['leader', 'follower'] as const) {
        expect(await rejection(collect(store.read(order, { consistency })))).toMatchObject(corrupt);
        expect(await rejection(store.status(order, { consistency }))).toMatchObject(corrupt);
        expect(await rejection(store.readCommits(order, { consistency }))).toMatchObject(corrupt);
      }
      for (const expected of ['any', 'exists', 2, 'none'] as const) {
        expect(await rejection(store.append(order, counted(3), { expect: expected }))).toMatchObject(corrupt);
      }
      expect(await rejection(store.append(order, counted(3), { commandId: 'c' }))).toMatchObject(corrupt);
      expect(
        await rejection(store.append(order, counted(3), { commandId: 'c', expect: 'none' })),
      ).toMatchObject(corrupt);
      expect(await raw.messageCount(store.name)).toBe(2);
    },
  );

  it('does not affect other streams', async () => {
    await raw.store(subjectOf(store.name, order), 'hello');
    await store.append(streamName('order', 'b'), counted(1));
    expect(await numbersIn(streamName('order', 'b'))).toEqual([1]);
  });

  it('makes readAll and follow fail with its position, after the commits before it', async () => {
    await store.append(order, counted(1, 2));
    await store.append(streamName('order', 'b'), counted(3));
    const sequence = await raw.store(`${store.name}.5.order.alien`, 'hello');
    await store.append(order, counted(4));
    const seen: number[] = [];
    const readAll = async (): Promise<void> => {
      for await (const { data } of store.readAll()) seen.push((data as Counted).n);
    };
    const corrupt = {
      name: 'CorruptStreamError',
      position: `${sequence}.0`,
      stream: `${store.name}.5.order.alien`,
    };
    expect(await rejection(readAll())).toMatchObject(corrupt);
    expect(seen).toEqual([1, 2, 3]);
    const sequences: number[] = [];
    const follow = async (): Promise<void> => {
      for await (const { commits } of store.follow({}))
        sequences.push(...commits.map((commit) => commit.sequence));
    };
    expect(await rejection(follow())).toMatchObject(corrupt);
    expect(sequences).toEqual([1, 2]);
    // reading can continue after it
    expect(await collect(store.readAll({ from: { sequence: sequence + 1 } }))).toHaveLength(1);
  });
});

describe('a commit in the wrong place', () => {
  it('on the subject of another stream is an error in every kind of read', async () => {
    await store.append(order, counted(1));
    const sequence = await storeRaw(order, commitOf(streamName('order', 'victim'), 1, []));
    const corrupt = { name: 'CorruptStreamError', position: `${sequence}.0` };
    expect(await rejection(collect(store.read(order)))).toMatchObject(corrupt);
    expect(await rejection(collect(store.readAll()))).toMatchObject(corrupt);
    expect(await rejection(collect(store.readAll({ categories: ['order'] })))).toMatchObject(corrupt);
    expect(await store.status(streamName('order', 'victim'))).toMatchObject({ state: 'missing' });
  });

  it('with a version that already exists is an error when the stream is read', async () => {
    await store.append(order, counted(1, 2));
    const { position = '' } = await store.append(order, counted(3));
    const last = await store.commitAt(Number(position.split('.')[0]));
    const forged = commitOf(order, 3, nextPredecessors(2, last!.sequence, last!.predecessors), {
      firstVersion: 3,
    });
    await storeRaw(order, forged);
    expect(await rejection(collect(store.read(order)))).toMatchObject({ name: 'CorruptStreamError' });
  });

  it('at the listed sequence of an earlier commit is an error', async () => {
    const first = await storeRaw(order, commitOf(order, 1, []));
    const second = await storeRaw(order, commitOf(order, 2, [first]));
    // lists the sequence of the second commit as that of the first
    await storeRaw(order, commitOf(order, 2, [second]));
    expect(await rejection(collect(store.read(order)))).toMatchObject({ name: 'CorruptStreamError' });
  });
});

describe('a removed commit', () => {
  it('is reported with its position, and never skipped', async () => {
    for (let n = 1; n <= 20; n += 1) await store.append(order, counted(n));
    await raw.api(`STREAM.MSG.DELETE.${store.name}`, { seq: 5 });
    expect(await rejection(collect(store.read(order)))).toMatchObject({
      name: 'CorruptStreamError',
      position: '5.0',
    });
    expect(await rejection(store.readCommits(order))).toMatchObject({
      name: 'CorruptStreamError',
      position: '5.0',
    });
  });

  it('does not prevent later events from being read or appended', async () => {
    for (let n = 1; n <= 20; n += 1) await store.append(order, counted(n));
    await raw.api(`STREAM.MSG.DELETE.${store.name}`, { seq: 5 });
    expect((await collect(store.read(order, { from: 17 }))).map(({ version }) => Number(version))).toEqual([
      17, 18, 19, 20,
    ]);
    expect(await store.append(order, counted(21), { expect: 20 })).toMatchObject({ version: 21 });
  });

  it('of another stream does not affect this one', async () => {
    await store.append(streamName('order', 'b'), counted(1));
    await store.append(order, counted(1));
    await raw.api(`STREAM.MSG.DELETE.${store.name}`, { seq: 1 });
    expect(await numbersIn(order)).toEqual([1]);
  });
});

describe('a stream whose commits list the sequences of another store', () => {
  it('is read by a scan of its subject, which is counted', async () => {
    // the listed sequences are those of commits of another stream
    for (let n = 1; n <= 60; n += 1) await store.append(streamName('order', 'b'), counted(n));
    await importStream(order, 50, -10);
    expect(store.subjectScans).toBe(0);
    expect(await numbersIn(order)).toEqual(range(1, 50));
    expect(store.subjectScans).toBe(1);
    expect(
      (await collect(store.read(order, { from: 20, limit: 3 }))).map(({ version }) => Number(version)),
    ).toEqual([20, 21, 22]);
    const { commits, version } = await store.readCommits(order);
    expect(commits).toHaveLength(50);
    expect(version).toBe(50);
    expect(store.subjectScans).toBe(3);
  });

  it('is read if the listed sequences are those of its own commits with other numbers', async () => {
    await importStream(order, 50, -1).catch(() => undefined);
    const other = streamName('order', 'c');
    for (let n = 1; n <= 10; n += 1) await store.append(streamName('order', 'b'), counted(n));
    await importStream(other, 40, -1);
    expect(await numbersIn(other)).toEqual(range(1, 40));
    expect(store.subjectScans).toBe(1);
  });

  it('is read if the listed sequences are those of messages that are not commits', async () => {
    for (let n = 0; n < 30; n += 1) await raw.store(`${store.name}.0.$check.x`, n % 2 === 0 ? 'x' : '');
    await importStream(order, 20, -25);
    expect(await numbersIn(order)).toEqual(range(1, 20));
  });

  it('is read over several pages', async () => {
    for (let n = 1; n <= 10; n += 1) await store.append(streamName('order', 'b'), counted(n));
    await importStream(order, 700, -5);
    expect(await numbersIn(order)).toEqual(range(1, 700));
    // one scan for each window of a long read
    expect(store.subjectScans).toBe(2);
  });

  it('accepts appends, and can be read after them', async () => {
    for (let n = 1; n <= 60; n += 1) await store.append(streamName('order', 'b'), counted(n));
    await importStream(order, 20, -10);
    for (let n = 21; n <= 60; n += 1) await store.append(order, counted(n), { expect: n - 1 });
    expect(await numbersIn(order)).toEqual(range(1, 60));
    expect(await store.status(order)).toMatchObject({ version: 60 });
  });

  it('with a gap fails', async () => {
    for (let n = 1; n <= 60; n += 1) await store.append(streamName('order', 'b'), counted(n));
    await importStream(order, 30, -10);
    const sequence = 60 + 12;
    await raw.api(`STREAM.MSG.DELETE.${store.name}`, { seq: sequence });
    expect(await rejection(collect(store.read(order)))).toMatchObject({ name: 'CorruptStreamError' });
  });

  it('is read if the listed sequences are after the end of this store, or were removed with other streams', async () => {
    for (let n = 1; n <= 60; n += 1) await store.append(streamName('order', 'b'), counted(n));
    await importStream(order, 30, 5_000);
    expect(await numbersIn(order)).toEqual(range(1, 30));
    const other = streamName('order', 'c');
    await importStream(other, 30, -35);
    for (let seq = 50; seq <= 60; seq += 1) await raw.api(`STREAM.MSG.DELETE.${store.name}`, { seq });
    expect(await numbersIn(other)).toEqual(range(1, 30));
  });

  it('with an empty foreign message fails instead of reading endlessly', async () => {
    for (let n = 1; n <= 60; n += 1) await store.append(streamName('order', 'b'), counted(n));
    const subject = subjectOf(store.name, order);
    let listed: number[] = [];
    let empty = 0;
    for (let number = 1; number <= 10; number += 1) {
      if (number === 5) empty = await raw.store(subject, '');
      const sequence = await storeRaw(order, commitOf(order, number, listed));
      listed = nextPredecessors(number, sequence - 20, listed);
    }
    expect(await rejection(collect(store.read(order)))).toMatchObject({
      name: 'CorruptStreamError',
      position: `${empty}.0`,
    });
  });
});
