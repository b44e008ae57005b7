import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { encodeCommit } from '../../src/event/commit-format.js';
import { streamName, type StreamName } from '../../src/event/stream-name.js';
import { subjectOf } from '../../src/event/subject.js';
import { commitIdOfCommand, newCommitId } from '../../src/event-store/append/commit-id.js';
import type { JetStreamEventStore } from '../../src/event-store/jetstream-event-store.js';
import { openStore, sharedServerUrl, uniqueStoreName } from '../shared-server.js';
import { collect, rejection, until } from '../support/collect.js';
import { counted, type Counted, ORDER_EVENTS } from '../support/order-events.js';
import { RawNats } from '../support/raw-nats.js';
import { TcpProxy } from '../support/tcp-proxy.js';

const name = uniqueStoreName();
let store: JetStreamEventStore;
let elsewhere: JetStreamEventStore;
let raw: RawNats;
let lastId = 0;
const root = join(dirname(fileURLToPath(import.meta.url)), '../..');
const children: { kill(): boolean }[] = [];

beforeAll(async () => {
  store = await openStore({ name, events: ORDER_EVENTS });
  elsewhere = await openStore({ name, events: ORDER_EVENTS });
  raw = await RawNats.open();
});

afterAll(async () => {
  for (const child of children) child.kill();
  await raw.nc.close();
});

function newStream(): StreamName {
  return streamName('order', `id-${++lastId}`);
}

async function numbersIn(order: StreamName): Promise<number[]> {
  const events = await collect(store.read(order, { consistency: 'leader' }));
  return events.map(({ data }) => (data as Counted).n);
}

interface CommandResult {
  readonly version: number;
  readonly position: string;
  readonly committed: boolean;
}

function startAppending(args: string[]): ChildProcessByStdio<Writable, Readable, null> {
  const program = join(root, 'test/support/append-command.ts');
  const loader = pathToFileURL(join(root, 'test/support/register-typescript.mjs')).href;
  const child = spawn(process.execPath, ['--import', loader, program, ...args], {
    cwd: root,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  children.push(child);
  return child;
}

describe('a command id', () => {
  it('used twice stores one commit, and the second caller gets the first result', async () => {
    const order = newStream();
    const first = await store.append(order, counted(1, 3), { commandId: 'c' });
    const second = await store.append(order, counted(1, 3), { commandId: 'c' });
    expect(first.committed).toBe(true);
    expect(second).toEqual({ ...first, committed: false });
    expect(await numbersIn(order)).toEqual([1, 2, 3]);
  });

  it('with other events returns the stored commit with committed false', async () => {
    const order = newStream();
    const first = await store.append(order, counted(1), { commandId: 'c' });
    expect(await store.append(order, counted(7, 9), { commandId: 'c' })).toEqual({
      ...first,
      committed: false,
    });
    expect(await numbersIn(order)).toEqual([1]);
  });

  it.each([
    ['an old exact version', 1],
    ['"none", as the first time', 'none' as const],
    ['a version that does not exist yet', 99],
    ['"exists"', 'exists' as const],
    ['"any"', 'any' as const],
  ])('is looked up before the expectation is checked: %s returns the first result', async (_, expect_) => {
    const order = newStream();
    if (expect_ !== 'none') await store.append(order, counted(0));
    const first = await store.append(order, counted(1, 2), {
      commandId: 'c',
      expect: expect_ === 'none' ? 'none' : 1,
    });
    await elsewhere.append(order, counted(3));
    for (const writer of [store, elsewhere]) {
      const repeated = await writer.append(order, counted(1, 2), { commandId: 'c', expect: expect_ });
      expect(repeated).toEqual({ ...first, committed: false });
    }
    expect((await numbersIn(order)).at(-1)).toBe(3);
  });

  it('is found many commits before the end of the stream, on another connection', async () => {
    const order = newStream();
    const first = await store.append(order, counted(0), { commandId: 'c', expect: 'none' });
    for (let batch = 0; batch < 30; batch += 1)
      await store.append(order, counted(batch * 100, batch * 100 + 99));
    expect(await elsewhere.append(order, counted(0), { commandId: 'c' })).toEqual({
      ...first,
      committed: false,
    });
    expect(await elsewhere.append(order, counted(0), { commandId: 'c', expect: 'none' })).toEqual({
      ...first,
      committed: false,
    });
  });

  it.each(['any', 'exists', 'none', 5] as const)(
    'is found after the duplicate window of the server has passed (expecting %p)',
    async (expected) => {
      const order = newStream();
      const commitId = commitIdOfCommand(order, 'c');
      const body = encodeCommit({
        stream: order,
        commitId,
        attemptId: crypto.randomUUID(),
        number: 1,
        firstVersion: 1,
        predecessors: [],
        metadata: { occurredAt: '2026-01-01T00:00:00Z', commandId: 'c' },
        events: [{ type: 'Counted', schemaVersion: 1, data: { n: 1 } }],
      });
      // without the header that the server deduplicates by
      await raw.store(subjectOf(name, order), body);
      for (const writer of [store, elsewhere]) {
        const result = await writer.append(order, counted(1), { commandId: 'c', expect: expected });
        expect(result).toMatchObject({ version: 1, committed: false, events: [{ id: `${commitId}/0` }] });
      }
      expect(await numbersIn(order)).toEqual([1]);
    },
  );

  it('used by two connections at once is committed by exactly one, and both get the same result', async () => {
    for (let round = 0; round < 60; round += 1) {
      const order = newStream();
      if (round % 2 === 0) await store.append(order, counted(0));
      const expected = (['any', round % 2 === 0 ? 1 : 'none', round % 2 === 0 ? 'exists' : 'any'] as const)[
        round % 3
      ];
      const results = await Promise.all(
        [store, elsewhere, store, elsewhere].map(async (writer, index) =>
          writer.append(order, counted(index + 10), { commandId: 'c', expect: expected }),
        ),
      );
      expect(results.filter(({ committed }) => committed)).toHaveLength(1);
      expect(new Set(results.map(({ position }) => position)).size).toBe(1);
      expect(new Set(results.map(({ version }) => version)).size).toBe(1);
      expect(await numbersIn(order)).toHaveLength(round % 2 === 0 ? 2 : 1);
    }
  });

  it('used by two processes at once is committed by exactly one, and both get the same result', async () => {
    const order = newStream();
    const both = [0, 1].map(() => startAppending([sharedServerUrl(), name, order.id, 'shared']));
    const lines = both.map((child) => createInterface({ input: child.stdout })[Symbol.asyncIterator]());
    for (const line of lines) expect((await line.next()).value).toBe('ready');
    for (const child of both) child.stdin.write('go\n');
    const [one, other] = await Promise.all(
      lines.map(async (line) => JSON.parse((await line.next()).value as string) as CommandResult[]),
    );
    for (const child of both) child.stdin.end();
    expect(one).toHaveLength(50);
    expect(one?.map(({ version, position }) => [version, position])).toEqual(
      other?.map(({ version, position }) => [version, position]),
    );
    expect(one?.map(({ committed }, command) => committed !== other?.[command]?.committed)).not.toContain(
      false,
    );
    expect(await numbersIn(order)).toHaveLength(50);
  });

  it('is found even if lookedUpTo says that the caller has read the stream to its end', async () => {
    const order = newStream();
    await store.append(order, counted(0));
    // another process handles the same command after the caller has loaded and before it appends
    const first = await elsewhere.append(order, counted(1), { commandId: 'c' });
    const second = await store.append(order, counted(1), { commandId: 'c', expect: 1, lookedUpTo: 1 });
    expect(second).toEqual({ ...first, committed: false });
  });

  it('is unique per stream: two streams can use the same one', async () => {
    const [one, two] = [newStream(), newStream()];
    await store.append(one, counted(1), { commandId: 'c' });
    expect(await store.append(two, counted(2), { commandId: 'c' })).toMatchObject({
      version: 1,
      committed: true,
    });
  });

  it('that is new has its expectation checked like any append', async () => {
    const order = newStream();
    await store.append(order, counted(1, 2));
    const error = await rejection(store.append(order, counted(3), { commandId: 'c', expect: 1 }));
    expect(error).toMatchObject({ name: 'WrongExpectedVersionError', expected: 1, actual: 2 });
    const none = await rejection(store.append(order, counted(3), { commandId: 'c', expect: 'none' }));
    expect(none).toMatchObject({ name: 'WrongExpectedVersionError', expected: 'none', actual: 2 });
    expect(await store.append(order, counted(3), { commandId: 'c', expect: 2 })).toMatchObject({
      committed: true,
    });
  });

  it('is stored in the metadata of the commit', async () => {
    const order = newStream();
    await store.append(order, counted(1), { commandId: 'pay 42/ä' });
    expect(await collect(store.read(order))).toMatchObject([{ metadata: { commandId: 'pay 42/ä' } }]);
  });

  it('of a removed commit fails with an error and is not stored again', async () => {
    const order = newStream();
    const { position = '' } = await store.append(order, counted(1), { commandId: 'c', expect: 'none' });
    await raw.api(`STREAM.MSG.DELETE.${name}`, { seq: Number(position.split('.')[0]) });
    for (const writer of [store, elsewhere]) {
      const error = await rejection(writer.append(order, counted(1), { commandId: 'c' }));
      expect(error).toMatchObject({ name: 'CommitRemovedError', stream: String(order) });
    }
    expect(await numbersIn(order)).toEqual([]);
  });

  it('always gives the same commit id, and another one for any other stream or command', () => {
    const id = commitIdOfCommand(streamName('order', '42'), 'pay');
    // this id is stored in logs: if it changes, commands from before an update are handled again after it
    expect(id).toBe('665dfe4a-f22b-5748-8193-6a386c779d48');
    const ids = [
      id,
      commitIdOfCommand(streamName('order', '42'), 'pay2'),
      commitIdOfCommand(streamName('order', '4'), '2#pay'),
      commitIdOfCommand(streamName('order', '42#pay'), 'x'),
      commitIdOfCommand(streamName('order', '42'), 'pay#x'),
      commitIdOfCommand(streamName('orders', '42'), 'pay'),
    ];
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('omitted gives new commit ids that are ordered by time', async () => {
    const first = newCommitId();
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(newCommitId() > first).toBe(true);
  });
});

describe('an append with an outdated cached end', () => {
  it('to a store that was deleted and created again is refused, with and without a command id', async () => {
    const lonely = uniqueStoreName();
    const writer = await openStore({ name: lonely, events: ORDER_EVENTS });
    const orders = [newStream(), newStream()];
    for (const order of orders) await writer.append(order, counted(1, 3));
    await raw.api(`STREAM.DELETE.${lonely}`);
    const successor = await openStore({ name: lonely, events: ORDER_EVENTS });
    const gone = { code: 'store-not-found', message: expect.stringContaining(successor.identity) as string };
    await expect(writer.append(orders[0]!, counted(1))).rejects.toMatchObject(gone);
    await expect(writer.append(orders[1]!, counted(1), { commandId: 'c' })).rejects.toMatchObject(gone);
    expect(await successor.status(orders[0]!)).toMatchObject({ state: 'missing' });
    expect(successor.identity).not.toBe(writer.identity);
  });

  it('to a log that lost commits during a reconnect reads the end again', async () => {
    const proxy = await TcpProxy.to(Number(new URL(sharedServerUrl()).port));
    const restored = uniqueStoreName();
    const writer = await openStore({ servers: proxy.url, name: restored, events: ORDER_EVENTS });
    const order = newStream();
    await writer.append(order, counted(1));
    const { config } = await raw.api<{ config: object }>(`STREAM.INFO.${restored}`);
    const { message } = await raw.api<{ message: { subject: string; data: string } }>(
      `STREAM.MSG.GET.${restored}`,
      {
        seq: 1,
      },
    );
    await writer.append(order, counted(2, 4));
    // like a server that lost its newest writes: it has the first commit, and another second one
    await raw.api(`STREAM.DELETE.${restored}`);
    await raw.api(`STREAM.CREATE.${restored}`, config);
    await raw.store(message.subject, Buffer.from(message.data, 'base64'));
    const other = await openStore({ name: restored, events: ORDER_EVENTS });
    await other.append(order, counted(9));
    proxy.cut();
    await until('the writer is back', async () => (await writer.lastSequence()) === 2);
    expect(await rejection(writer.append(order, counted(5), { expect: 4 }))).toMatchObject({
      code: 'wrong-expected-version',
      actual: 2,
    });
    expect((await collect(other.read(order))).map(({ data }) => (data as Counted).n)).toEqual([1, 9]);
    await writer.close();
    await proxy[Symbol.asyncDispose]();
  });

  it('to a stream whose last commit was removed continues after the commit before it', async () => {
    const order = newStream();
    await store.append(order, counted(1));
    const { position = '' } = await store.append(order, counted(2));
    await raw.api(`STREAM.MSG.DELETE.${name}`, { seq: Number(position.split('.')[0]) });
    expect(await store.append(order, counted(3), { commandId: 'd', deadlineMs: 3_000 })).toMatchObject({
      version: 2,
    });
    expect(await numbersIn(order)).toEqual([1, 3]);
  });
});
