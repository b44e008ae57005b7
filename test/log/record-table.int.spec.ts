import { setTimeout as pause } from 'node:timers/promises';
import { JetStreamConnection } from '../../src/jetstream/connection/jetstream-connection.js';
import { JetStreamRecordTable } from '../../src/jetstream/records/jetstream-record-table.js';
import type { RecordTable } from '../../src/log/record-table.js';
import { collect, rejection, until } from '../support/collect.js';
import { RawNats } from '../support/raw-nats.js';
import { sharedServerUrl } from '../support/server-url.js';
import { STORE_KINDS } from '../support/store-kinds.js';
import { openStore, uniqueStoreName } from '../shared-server.js';

const sorted = async (table: RecordTable, prefix?: string) =>
  (await table.list({ prefix })).toSorted((a, b) => a.key.localeCompare(b.key));

describe.each(STORE_KINDS)('records beside a store %s', (_, open) => {
  let here: RecordTable;
  let there: RecordTable;

  beforeEach(async () => {
    const { store, elsewhere } = await open([]);
    here = store.records;
    there = elsewhere.records;
  });

  it('are none at first, and seen by all handles once they are written', async () => {
    expect(await here.list()).toEqual([]);
    expect(await there.get('member.a')).toBeUndefined();
    const revision = await here.put({ key: 'member.a', value: { n: [1, null] }, revision: 0 });
    const record = { key: 'member.a', value: { n: [1, null] }, revision, storedAt: expect.any(Number) };
    expect(await there.get('member.a')).toEqual(record);
    expect(await there.list()).toEqual([record]);
  });

  it('say when they were written, in a list and by themselves', async () => {
    const before = Date.now() - 5_000;
    const revision = (await here.put({ key: 'a', value: 1, revision: 0 })) as number;
    const first = (await there.get('a'))?.storedAt ?? 0;
    expect(first).toBeGreaterThan(before);
    expect((await there.list())[0]?.storedAt).toBe(first);
    await pause(5);
    await here.put({ key: 'a', value: 2, revision });
    expect((await there.get('a'))?.storedAt).toBeGreaterThan(first);
  });

  it('are written by one of several who expect the same revision', async () => {
    const first = await here.put({ key: 'a', value: 1, revision: 0 });
    expect(await there.put({ key: 'a', value: 2, revision: 0 })).toBeUndefined();
    const races = [here, there, here, there].map((table, n) =>
      table.put({ key: 'a', value: n, revision: first as number }),
    );
    const written = (await Promise.all(races)).filter((revision) => revision !== undefined);
    expect(written).toHaveLength(1);
    expect((await here.get('a'))?.revision).toBe(written[0]);
  });

  it('are listed by the first tokens of their keys', async () => {
    for (const key of ['member.a', 'lease.orders.0', 'lease.orders.1', 'lease.orders2.0', 'lease.a%2Eb.0'])
      await here.put({ key, value: key, revision: 0 });
    expect((await sorted(there, 'lease.orders')).map(({ key }) => key)).toEqual([
      'lease.orders.0',
      'lease.orders.1',
    ]);
    expect((await sorted(there, 'lease')).map(({ value }) => value)).toHaveLength(4);
    expect(await there.list({ prefix: 'none' })).toEqual([]);
  });

  it('are removed at their revision only, and written again afterwards', async () => {
    const first = (await here.put({ key: 'a', value: 1, revision: 0 })) as number;
    const second = (await here.put({ key: 'a', value: 2, revision: first })) as number;
    expect(await there.remove('a', first)).toBe(false);
    expect(await there.remove('a', second)).toBe(true);
    expect(await there.remove('a', second)).toBe(true);
    expect([await here.get('a'), await here.list()]).toEqual([undefined, []]);
    // who has not heard of it cannot write
    expect(await here.put({ key: 'a', value: 3, revision: second })).toBeUndefined();
    const races = [here, there, here].map((table, value) => table.put({ key: 'a', value, revision: 0 }));
    expect((await Promise.all(races)).filter((revision) => revision !== undefined)).toHaveLength(1);
  });

  it('vanish when their time is up, unless they are written again', async () => {
    await here.put({ key: 'gone', value: 1, revision: 0, ttlMs: 1_000 });
    const first = (await here.put({ key: 'kept', value: 1, revision: 0, ttlMs: 1_000 })) as number;
    await here.put({ key: 'kept', value: 2, revision: first, ttlMs: 60_000 });
    await until('the first is gone', async () => (await here.get('gone')) === undefined);
    await pause(200);
    expect((await here.list()).map(({ key }) => key)).toEqual(['kept']);
    expect(await here.put({ key: 'gone', value: 2, revision: 0 })).toBeGreaterThan(0);
  });

  it.each(['', 'a b', 'a..b', 'a.*', '>', 'a.'])('refuse the key %j', async (key) => {
    expect(await rejection(here.put({ key, value: 1, revision: 0 }))).toMatchObject({
      code: 'invalid-option',
    });
    expect(await rejection(here.get(key))).toMatchObject({ code: 'invalid-option' });
  });

  it('are no part of the store', async () => {
    const { store } = await open([]);
    await store.records.put({ key: 'a', value: 1, revision: 0 });
    expect(await collect(store.readAll())).toEqual([]);
    expect(await store.lastSequence()).toBe(0);
  });
});

describe('records on JetStream', () => {
  it('are in a stream of their own, which has the storage of the store and is created once', async () => {
    const name = uniqueStoreName();
    const store = await openStore({ name, storage: 'memory' });
    const elsewhere = await openStore({ name, storage: 'memory' });
    const tables = [store.records, elsewhere.records];
    await Promise.all(
      tables.flatMap((table, n) => [table.list(), table.put({ key: `k.${n}`, value: n, revision: 0 })]),
    );
    expect(await sorted(store.records)).toHaveLength(2);
    await using raw = await RawNats.open();
    const { config } = await raw.api<{ config: object }>(`STREAM.INFO.${name}~records`);
    expect(config).toMatchObject({
      subjects: [`${name}~records.>`],
      storage: 'memory',
      num_replicas: 1,
      max_msgs_per_subject: 1,
      allow_direct: true,
      allow_msg_ttl: true,
      discard: 'new',
    });
  });

  it('go on when the stream was deleted', async () => {
    const { records, name } = await openStore();
    const first = (await records.put({ key: 'a', value: 1, revision: 0 })) as number;
    await using raw = await RawNats.open();
    const drop = async () => raw.api(`STREAM.DELETE.${name}~records`);
    await drop();
    expect(await records.list()).toEqual([]);
    await drop();
    expect(await records.put({ key: 'a', value: 2, revision: first })).toBeUndefined();
    await drop();
    expect(await records.get('a')).toBeUndefined();
    expect(await records.put({ key: 'a', value: 3, revision: 0 })).toBe(1);
  });

  it('are refused a stream with settings under which they would be lost, which are named', async () => {
    const { records, name } = await openStore();
    await using raw = await RawNats.open();
    const stream = `${name}~records`;
    await raw.api(`STREAM.CREATE.${stream}`, { name: stream, subjects: [`${stream}.>`], storage: 'file' });
    const error = await rejection(records.list());
    expect(error).toMatchObject({ code: 'jetstream-settings', stream });
    expect((error as Error).message).toMatch(/max_msgs_per_subject 1.*allow_msg_ttl true/);
  });

  it('are listed when they are more than one answer holds', async () => {
    const { records } = await openStore();
    const keys = Array.from({ length: 1_100 }, (_, n) => `lease.w.${n}`);
    await Promise.all(keys.map((key) => records.put({ key, value: key, revision: 0 })));
    const listed = await records.list({ prefix: 'lease' });
    expect(new Set(listed.map(({ key }) => key))).toEqual(new Set(keys));
    expect(listed).toHaveLength(1_100);
  }, 60_000);

  it('are not taken from a mirror, which answers in the place of the stream with less', async () => {
    const { records, name } = await openStore();
    for (const key of ['a.1', 'b.1', 'b.2']) await records.put({ key, value: key, revision: 0 });
    await using raw = await RawNats.open();
    const mirror = { name: `${name}~records`, filter_subject: `${name}~records.a.>` };
    await raw.api(`STREAM.CREATE.${name}-copy`, { name: `${name}-copy`, mirror, storage: 'file' });
    await until('the mirror answers', async () => {
      const subject = `$JS.API.DIRECT.GET.${name}~records`;
      const reply = await raw.nc.request(subject, JSON.stringify({ last_by_subj: `${name}~records.a.1` }));
      return reply.headers?.get('Nats-Stream') === `${name}-copy`;
    });
    for (let n = 0; n < 30; n += 1) {
      expect(await records.list()).toHaveLength(3);
      expect(await records.list({ prefix: 'b' })).toHaveLength(2);
    }
  });

  it('show a foreign message without JSON as null, so that it can be written over', async () => {
    const { records, name } = await openStore();
    await records.list();
    await using raw = await RawNats.open();
    const revision = await raw.store(`${name}~records.a`, 'no JSON');
    expect(await records.get('a')).toMatchObject({ key: 'a', value: null, revision });
    expect(await records.put({ key: 'a', value: 1, revision })).toBeGreaterThan(revision);
  });

  it('refuse a value that is larger than the server takes, and stay connected', async () => {
    const { records } = await openStore();
    const value = 'x'.repeat(1_100_000);
    expect(await rejection(records.put({ key: 'a', value, revision: 0 }))).toMatchObject({
      code: 'payload-too-large',
    });
    expect(await records.list()).toEqual([]);
  });
});

describe('a write of a record whose answer is lost', () => {
  /** A table on a connection that does not hear the next acknowledgements. */
  async function withLostAnswers(lost: number): Promise<{ table: RecordTable; close: () => Promise<void> }> {
    const { name } = await openStore();
    const connection = await JetStreamConnection.open({ servers: sharedServerUrl() }, 'lost answers');
    const table = new JetStreamRecordTable(connection, name);
    await table.list();
    let left = lost;
    const open = connection.inbox.open.bind(connection.inbox);
    connection.inbox.open = (onReply, onInterrupt) =>
      open((reply) => {
        const isAck = reply.data.length > 0 && reply.string().startsWith(`{"stream":"${name}~records"`);
        if (!isAck || left-- <= 0) onReply(reply);
      }, onInterrupt);
    return { table, close: async () => connection.close() };
  }

  it('is told from another one by a read at the leader', async () => {
    const { table, close } = await withLostAnswers(1);
    const revision = await table.put({ key: 'a', value: 1, revision: 0 });
    expect(await table.get('a')).toMatchObject({ key: 'a', value: 1, revision });
    await close();
  });
});
