import { Event } from '../../src/event/event-type.js';
import { positionOf } from '../../src/event/position.js';
import { streamName } from '../../src/event/stream-name.js';
import { connectEventStore } from '../../src/event-store/connect-event-store.js';
import type { JetStreamEventStore } from '../../src/event-store/jetstream-event-store.js';
import { Bucket } from '../../src/kv-projection-store/bucket.js';
import {
  type KvProjectionStore,
  KvProjectionStore as Store,
  kvProjectionStore,
} from '../../src/kv-projection-store/kv-projection-store.js';
import type { KvTransaction } from '../../src/kv-projection-store/kv-transaction.js';
import type { Checkpoint } from '../../src/projection/store/checkpoint.js';
import { defineProjection } from '../../src/projection/definition/define-projection.js';
import type { ProjectionDefinition } from '../../src/projection/definition/projection-definition.js';
import { Projections } from '../../src/projection/projections.js';
import { FIRST_BUILD, type ModelId } from '../../src/projection/store/model-id.js';
import type { ParkedEvent } from '../../src/projection/store/parked-table.js';
import type { ProjectionStore } from '../../src/projection/store/projection-store.js';
import { startNatsServer } from '../../src/testing/start-nats-server.js';
import { openStore, sharedServerUrl, uniqueStoreName } from '../shared-server.js';
import { rejection, until } from '../support/collect.js';
import { RawNats } from '../support/raw-nats.js';
import { TcpProxy } from '../support/tcp-proxy.js';

@Event('Paid')
class Paid {
  constructor(
    readonly customer: string,
    readonly amount = 1,
  ) {}
}

@Event('Left')
class Left {
  constructor(readonly customer: string) {}
}

interface Sum {
  readonly sum: number;
}

const EVENTS = [Paid, Left];
const SOON = { timeoutMs: 10_000 };
const MODEL: ModelId = { projection: 'sums', version: 1, build: FIRST_BUILD };

let raw: RawNats;
let store: JetStreamEventStore;
let bucket: string;
let models: KvProjectionStore;
const running: Projections[] = [];

beforeAll(async () => {
  raw = await RawNats.open();
});

beforeEach(async () => {
  store = await openStore({ name: uniqueStoreName(), events: EVENTS });
  bucket = `${store.name}-models`;
  models = await kvProjectionStore(store, { bucket });
});

afterEach(async () => {
  await Promise.all(running.splice(0).map((projections) => projections.stop()));
});

afterAll(async () => {
  await raw.nc.close();
});

/** The sum of amounts by customer. A customer who has left has no row. */
function sums(to: ProjectionStore<KvTransaction> = models): ProjectionDefinition<KvTransaction> {
  return defineProjection({
    name: 'sums',
    categories: ['order'],
    store: to,
    table: 'sums',
    key: (event) => event.data.customer,
    events: { Paid, Left },
    on: {
      Paid: (row: Sum | undefined, event) => ({ sum: (row?.sum ?? 0) + event.data.amount }),
      Left: () => undefined,
    },
  });
}

async function started(definition: ProjectionDefinition, of = store): Promise<Projections> {
  const projections = new Projections(of, [definition]);
  running.push(projections);
  await projections.start();
  return projections;
}

async function pay(customer: string, amount = 1): Promise<void> {
  await store.append(streamName('order', 'one'), [new Paid(customer, amount)]);
}

/** Runs the projection until it holds all that is stored now, then stops it. */
async function built(definition = sums()): Promise<void> {
  const projections = await started(definition);
  await projections.waitFor('sums', positionOf(await store.lastSequence(), 0), SOON);
  await projections.stop();
}

/** A value as any client of NATS reads it. */
async function value(key: string): Promise<unknown> {
  const subject = `$JS.API.DIRECT.GET.KV_${bucket}.$KV.${bucket}.${key}`;
  return (await raw.nc.request(subject, '', { timeout: 5_000 })).json();
}

function checkpointOf(next: Partial<Checkpoint> = {}): Checkpoint {
  return {
    ...MODEL,
    lane: 0,
    lanes: 1,
    epoch: 1,
    storeIdentity: store.identity,
    position: undefined,
    commitId: undefined,
    start: undefined,
    caughtUp: false,
    ...next,
  };
}

/** What a transaction that folds nothing writes. */
async function write(rows: readonly Sum[], position: number, to = models): Promise<void> {
  await to.transact(MODEL, async ({ tx }) => {
    const keys = rows.map((_, index) => `k${index}`);
    await to.rows.load(tx, { table: 'sums', keyColumn: 'id', keys, lock: false });
    const upserts = rows.map((row, index) => ({ ...row, id: `k${index}` }));
    const positions = new Map(keys.map((key) => [key, positionOf(position, 0)]));
    await to.rows.save(tx, { table: 'sums', keyColumn: 'id', upserts, deletes: [], positions });
  });
}

describe('a read model in a KV bucket', () => {
  it('holds the rows of a projection, with the position of the last event in each', async () => {
    await pay('ada', 2);
    await pay('bob', 3);
    await pay('ada', 5);
    await built();
    expect(await models.get('sums', 'ada')).toEqual({ id: 'ada', sum: 7 });
    expect(await models.get('sums', 'cleo')).toBeUndefined();
    expect(Object.fromEntries(await models.table('sums'))).toEqual({
      ada: { id: 'ada', sum: 7 },
      bob: { id: 'bob', sum: 3 },
    });
    expect(await value('sums.ada')).toEqual({ position: '3.0', row: { id: 'ada', sum: 7 } });
    expect(await value('=checkpoint.sums.1.1.0')).toMatchObject({ epoch: 1, position: '3.0' });
  });

  it('is a bucket as clients of NATS create it', async () => {
    const { config } = await raw.api<{ config: Record<string, unknown> }>(`STREAM.INFO.KV_${bucket}`);
    expect(config).toMatchObject({
      subjects: [`$KV.${bucket}.>`],
      max_msgs_per_subject: 1,
      discard: 'new',
      allow_rollup_hdrs: true,
      deny_delete: true,
      allow_direct: true,
      storage: 'file',
      num_replicas: 1,
    });
  });

  it('goes on from its checkpoint', async () => {
    await pay('ada');
    await built();
    await pay('ada');
    await built();
    expect(await models.get('sums', 'ada')).toEqual({ id: 'ada', sum: 2 });
    expect(await value('=checkpoint.sums.1.1.0')).toMatchObject({ epoch: 2, position: '2.0' });
  });

  it('keeps the position of a row that was deleted, and makes the row again', async () => {
    await pay('ada', 4);
    await built();
    await store.append(streamName('order', 'one'), [new Left('ada')]);
    await built();
    expect(await models.get('sums', 'ada')).toBeUndefined();
    expect([...(await models.table('sums'))]).toEqual([]);
    expect(await value('sums.ada')).toEqual({ position: '2.0' });
    await pay('ada', 1);
    await built();
    expect(await models.get('sums', 'ada')).toEqual({ id: 'ada', sum: 1 });
  });

  it('takes keys of any characters, and of 1,024 bytes', async () => {
    const keys = [
      'a.b c',
      '*',
      '>',
      'a=b',
      '=2E',
      '.',
      'ä/€😀',
      '%',
      'a\n\0b',
      'k'.repeat(1_024),
      '€'.repeat(341),
    ];
    for (const key of keys) await pay(key);
    await built();
    for (const key of keys) expect(await models.get('sums', key)).toEqual({ id: key, sum: 1 });
    expect([...(await models.table('sums')).keys()].toSorted()).toEqual(keys.toSorted());
  });

  it('refuses keys and rows that do not fit, and values that JSON would change, and writes nothing', async () => {
    const save = async (row: Record<string, unknown>): Promise<unknown> =>
      rejection(
        models.transact(MODEL, async ({ tx }) => {
          const keys = ['other', String(row['id'])];
          await models.rows.load(tx, { table: 'sums', keyColumn: 'id', keys, lock: false });
          const upserts = [{ id: 'other' }, row];
          await models.rows.save(tx, { table: 'sums', keyColumn: 'id', upserts, deletes: [] });
        }),
      );
    const error = { code: 'invalid-row', table: 'sums' };
    expect(await save({ id: 'k'.repeat(1_025) })).toMatchObject(error);
    expect(await save({ id: 'x', text: 'x'.repeat(1_048_576) })).toMatchObject({ ...error, key: 'x' });
    expect(await save({ id: 'x', at: new Date() })).toMatchObject({ ...error, key: 'x' });
    expect([...(await models.table('sums'))]).toEqual([]);
  });

  it('holds thousands of rows that one batch of events changes, and rows of a megabyte together', async () => {
    const customers = Array.from({ length: 1_300 }, (_, n) => `c${n}`);
    await store.append(
      streamName('order', 'one'),
      customers.map((customer) => new Paid(customer)),
    );
    await store.append(
      streamName('order', 'one'),
      customers.map((customer) => new Paid(customer)),
    );
    await built();
    const rows = await models.table('sums');
    expect(rows.size).toBe(1_300);
    expect([...rows.values()].every((row) => row['sum'] === 2)).toBe(true);
    const text = 'x'.repeat(900_000);
    const keys = Array.from({ length: 12 }, (_, n) => `k${n}`);
    await models.transact(MODEL, async ({ tx }) => {
      await models.rows.load(tx, { table: 'large', keyColumn: 'id', keys, lock: false });
      const upserts = keys.map((id) => ({ id, text }));
      await models.rows.save(tx, { table: 'large', keyColumn: 'id', upserts, deletes: [] });
    });
    expect((await models.table('large')).size).toBe(12);
  });

  it('tells who watches it of each row', async () => {
    const stop = new AbortController();
    const seen: unknown[] = [];
    const watching = (async (): Promise<void> => {
      for await (const change of models.watch('sums', { signal: stop.signal })) seen.push(change);
    })();
    await pay('ada', 4);
    await built();
    await until('the row', () => seen.length === 1);
    await store.append(streamName('order', 'one'), [new Left('ada')]);
    await built();
    await until('its end', () => seen.length === 2);
    stop.abort();
    await watching;
    expect(seen).toEqual([
      { key: 'ada', row: { id: 'ada', sum: 4 } },
      { key: 'ada', row: undefined },
    ]);
  });

  it('is emptied by a rebuild, and built again', async () => {
    await pay('ada', 4);
    await pay('bob', 4);
    const projections = await started(sums());
    await projections.waitFor('sums', positionOf(2, 0), SOON);
    await projections.rebuild('sums', { from: { sequence: 2 } });
    await projections.waitUntilLive(SOON);
    expect(Object.fromEntries(await models.table('sums'))).toEqual({ bob: { id: 'bob', sum: 4 } });
    const state = await value('=checkpoint.sums.1.1.0');
    expect(state).toMatchObject({ epoch: 3, position: '2.0', start: { sequence: 2 } });
    expect(state).not.toHaveProperty('clearing');
  });
});

describe('a crash', () => {
  /** A store that writes `size` rows at a time, and fails when it is to write the `failing`th time. */
  function crashing(size: number, failing: number): Store {
    let writes = 0;
    class Crashing extends Bucket {
      override async write(...args: Parameters<Bucket['write']>): Promise<number[]> {
        const [puts] = args;
        const sequences: number[] = [];
        for (let from = 0; from < puts.length; from += size) {
          writes += 1;
          if (writes >= failing) throw new TypeError('the process ends here');
          sequences.push(...(await super.write(puts.slice(from, from + size))));
        }
        return sequences;
      }
    }
    return new Store(new Crashing(store.connection, { name: bucket }));
  }

  const CUSTOMERS = ['ada', 'bob', 'cleo', 'dora', 'eve'];

  // the claim takes 2 writes, then 5 rows and the checkpoint one by one
  it.each([1, 2, 3, 4, 5, 6, 7, 8])(
    'before write %i leaves rows that are right after a restart',
    async (failing) => {
      for (let round = 1; round <= 3; round += 1)
        for (const customer of CUSTOMERS) await pay(customer, round);
      const broken = await started(sums(crashing(1, failing)));
      await until('it fails', () => broken.status('sums').error !== undefined);
      await broken.stop();
      const written = [...(await models.table('sums'))].length;
      // fewer where the replay delivered the events in several batches, each with a checkpoint of its own
      expect(written).toBeLessThanOrEqual(Math.max(0, Math.min(5, failing - 3)));
      await pay('ada', 10);
      await built();
      const rows = CUSTOMERS.map((id) => [id, { id, sum: id === 'ada' ? 16 : 6 }]);
      expect(Object.fromEntries(await models.table('sums'))).toEqual(Object.fromEntries(rows));
    },
  );

  it('in the middle of a rebuild leaves a model that is emptied before it is built again', async () => {
    await pay('ada', 4);
    await pay('bob', 4);
    await built();
    const broken = crashing(10, 2);
    const claim = async (to: Store): Promise<void> =>
      to.transact(MODEL, async ({ tx, checkpoints }) => {
        const found = await checkpoints.find(checkpointOf());
        const next = checkpointOf({ epoch: (found?.epoch ?? 0) + 1, start: { sequence: 2 } });
        expect(await checkpoints.replace(found, next)).toBe(true);
        await to.rows.clear(tx, 'sums');
      });
    expect(String(await rejection(claim(broken)))).toContain('the process ends here');
    expect(await value('=checkpoint.sums.1.1.0')).toMatchObject({ clearing: ['sums.*'] });
    // a row that was left, as a process that ended in between leaves it
    await write([{ sum: 99 }], 1);
    await built();
    expect(Object.fromEntries(await models.table('sums'))).toEqual({ bob: { id: 'bob', sum: 4 } });
    expect(await value('=checkpoint.sums.1.1.0')).not.toHaveProperty('clearing');
  });

  it('of the server in the middle of a build is waited out', async () => {
    await using server = await startNatsServer();
    const name = uniqueStoreName();
    await using other = await connectEventStore({ servers: server.url, name, events: EVENTS });
    const kept = await kvProjectionStore(other, { bucket: 'models' });
    const projections = await started(sums(kept), other);
    for (let n = 1; n <= 20; n += 1) await other.append('order/1', [new Paid('ada')]);
    await server.kill();
    await server.restart();
    for (let n = 1; n <= 20; n += 1) await other.append('order/1', [new Paid('ada')]);
    await projections.waitFor('sums', positionOf(await other.lastSequence(), 0), { timeoutMs: 30_000 });
    expect(await kept.get('sums', 'ada')).toEqual({ id: 'ada', sum: 40 });
    await projections.stop();
  }, 60_000);
});

describe('an answer that is lost', () => {
  it('is no conflict: what was stored is known again', async () => {
    await using proxy = await TcpProxy.to(Number(new URL(sharedServerUrl()).port));
    await using other = await connectEventStore({ servers: proxy.url, name: store.name, events: EVENTS });
    let lost = 0;
    class Lossy extends Bucket {
      override async write(...args: Parameters<Bucket['write']>): Promise<number[]> {
        lost += 1;
        proxy.deafen();
        const before = await raw.messageCount(`KV_${bucket}`);
        const written = super.write(...args);
        const isNew = async (): Promise<boolean> => (await raw.messageCount(`KV_${bucket}`)) > before;
        await until('it is stored', async () => before > 0 || isNew());
        await new Promise((resolve) => setTimeout(resolve, 100));
        proxy.hear();
        return written;
      }
    }
    const lossy = new Store(new Lossy(other.connection, { name: bucket }));
    const first = checkpointOf();
    await lossy.transact(MODEL, async ({ checkpoints }) => checkpoints.replace(undefined, first));
    await lossy.transact(MODEL, async ({ tx, checkpoints }) => {
      expect(await checkpoints.replace(first, { ...first, position: positionOf(3, 0) })).toBe(true);
      await lossy.rows.load(tx, { table: 'sums', keyColumn: 'id', keys: ['ada'], lock: false });
      const upserts = [{ id: 'ada', sum: 1 }];
      await lossy.rows.save(tx, { table: 'sums', keyColumn: 'id', upserts, deletes: [] });
    });
    expect(lost).toBe(2);
    expect(await models.get('sums', 'ada')).toEqual({ id: 'ada', sum: 1 });
  });
});

describe('two writers of one bucket', () => {
  it('refuses a transaction whose rows another one has changed, and writes nothing of it', async () => {
    await write([{ sum: 1 }, { sum: 1 }], 1);
    const late = models.transact(MODEL, async ({ tx }) => {
      const keys = ['k0', 'k1', 'k2'];
      await models.rows.load(tx, { table: 'sums', keyColumn: 'id', keys, lock: false });
      await write([{ sum: 1 }, { sum: 5 }], 2);
      const upserts = keys.map((id) => ({ id, sum: 100 }));
      await models.rows.save(tx, { table: 'sums', keyColumn: 'id', upserts, deletes: [] });
    });
    const error = await rejection(late);
    expect(String(error)).toContain('another writer');
    expect(models.isTransient(error)).toBe(true);
    expect(Object.fromEntries(await models.table('sums'))).toEqual({
      k0: { id: 'k0', sum: 1 },
      k1: { id: 'k1', sum: 5 },
    });
  });

  it('stores nothing of a former owner that has passed its check before it was fenced', async () => {
    const first = checkpointOf();
    await models.transact(MODEL, async ({ checkpoints }) => checkpoints.replace(undefined, first));
    const stale = models.transact(MODEL, async ({ tx, checkpoints }) => {
      expect(await checkpoints.replace(first, { ...first, position: positionOf(5, 0) })).toBe(true);
      await models.rows.load(tx, { table: 'sums', keyColumn: 'id', keys: ['ada'], lock: false });
      await models.transact(MODEL, async (other) => {
        expect(await other.checkpoints.replace(first, { ...first, epoch: 2 })).toBe(true);
      });
      const changes = { table: 'sums', keyColumn: 'id', upserts: [{ id: 'ada', sum: 1 }], deletes: [] };
      await models.rows.save(tx, changes);
    });
    expect(String(await rejection(stale))).toContain('another writer');
    expect(await models.get('sums', 'ada')).toBeUndefined();
    await models.transact(MODEL, async ({ checkpoints }) => {
      expect(await checkpoints.replace(first, { ...first, epoch: 9 })).toBe(false);
      expect(await checkpoints.find(first)).toEqual({
        ...first,
        epoch: 2,
        earlier: undefined,
        ahead: undefined,
      });
    });
  });

  it('counts no event twice when another instance takes over', async () => {
    const here = await started(sums());
    await pay('ada');
    await here.waitFor('sums', positionOf(1, 0), SOON);
    const there = await started(sums(await kvProjectionStore(store, { bucket })));
    for (let n = 0; n < 20; n += 1) await pay('ada');
    await there.waitFor('sums', positionOf(21, 0), SOON);
    await here.stop();
    await pay('ada');
    await there.waitFor('sums', positionOf(22, 0), SOON);
    expect(await models.get('sums', 'ada')).toEqual({ id: 'ada', sum: 22 });
  });

  it('leaves the rows of an owner that came while another one emptied the model', async () => {
    await write([{ sum: 1 }, { sum: 1 }], 1);
    class Slow extends Bucket {
      override async purge(...args: Parameters<Bucket['purge']>): Promise<void> {
        await write([{ sum: 7 }], 2);
        await super.purge(...args);
      }
    }
    const slow = new Store(new Slow(store.connection, { name: bucket }));
    await slow.transact(MODEL, async ({ tx, checkpoints }) => {
      await checkpoints.replace(undefined, checkpointOf());
      await slow.rows.clear(tx, 'sums');
    });
    expect(Object.fromEntries(await models.table('sums'))).toEqual({ k0: { id: 'k0', sum: 7 } });
  });
});

describe('checkpoints and parked events', () => {
  it('are read as they were written', async () => {
    const full = checkpointOf({
      lane: 3,
      lanes: 4,
      position: positionOf(17, 2),
      commitId: 'c',
      earlier: { position: positionOf(16, 0), commitId: 'b' },
      start: { time: new Date(5) },
      caughtUp: true,
      ahead: { 7: positionOf(20, 0) },
    });
    await models.transact(MODEL, async ({ checkpoints }) => {
      await checkpoints.replace(undefined, full);
      await checkpoints.replace(undefined, checkpointOf({ lane: 1, start: { position: positionOf(3, 1) } }));
    });
    await models.transact(MODEL, async ({ checkpoints }) => {
      expect(await checkpoints.find(full)).toEqual(full);
      expect((await checkpoints.list(MODEL)).map(({ lane }) => lane)).toEqual([1, 3]);
      expect(await checkpoints.list({ ...MODEL, version: 2 })).toEqual([]);
      expect(await checkpoints.remove({ ...full, epoch: 5 })).toBe(false);
      expect(await checkpoints.remove(full)).toBe(true);
    });
    await models.transact(MODEL, async ({ checkpoints }) => {
      expect((await checkpoints.list(MODEL)).map(({ lane }) => lane)).toEqual([1]);
      expect(await checkpoints.replace(undefined, full)).toBe(true);
    });
  });

  it('are refused by name when somebody else has changed a checkpoint', async () => {
    const find = async (): Promise<unknown> =>
      rejection(models.transact(MODEL, async ({ checkpoints }) => checkpoints.find(checkpointOf())));
    await raw.store(`$KV.${bucket}.=checkpoint.sums.1.1.0`, 'text');
    expect(await find()).toMatchObject({ code: 'corrupt-checkpoint' });
    const fields = { lanes: 1, epoch: 'x', storeIdentity: 'i', caughtUp: true };
    await raw.store(`$KV.${bucket}.=checkpoint.sums.1.1.0`, JSON.stringify(fields));
    expect(await find()).toMatchObject({ code: 'corrupt-checkpoint', column: 'epoch' });
  });

  it('park events, list them in their order, remove one, and all', async () => {
    const parked = (sequence: number): ParkedEvent => ({
      position: positionOf(sequence, 0),
      eventId: `e${sequence}`,
      type: 'Paid',
      stream: 'order/1',
      error: 'TypeError: no',
      attempts: 5,
      parkedAt: new Date(sequence),
    });
    await models.transact(MODEL, async (tx) => {
      for (const sequence of [10, 9, 11]) await tx.parked.add(MODEL, parked(sequence));
    });
    await models.transact(MODEL, async (tx) => {
      expect(await tx.parked.list(MODEL)).toEqual([9, 10, 11].map(parked));
      expect(await tx.parked.remove(MODEL, positionOf(10, 0))).toBe(true);
      expect(await tx.parked.remove(MODEL, positionOf(12, 0))).toBe(false);
    });
    await models.transact(MODEL, async (tx) => {
      expect(await tx.parked.list(MODEL)).toEqual([9, 11].map(parked));
      await tx.parked.clear(MODEL);
    });
    await models.transact(MODEL, async (tx) => expect(await tx.parked.list(MODEL)).toEqual([]));
  });

  it('redrive a parked event into a row that holds later events', async () => {
    const { fold } = sums();
    const applied = async (isRedriven: boolean): Promise<void> => {
      for await (const { commits } of store.follow({ from: { sequence: 1 } })) {
        const [first] = commits.map((commit) => commit);
        if (first === undefined) continue;
        const event = await store.eventAt(positionOf(first.sequence, 0));
        await models.transact(MODEL, async ({ tx }) =>
          fold.apply(tx, {
            events: event === undefined ? [] : [event],
            context: { isReplay: false },
            isShared: false,
            isRedriven,
            handles: () => undefined,
            begins: () => undefined,
          }),
        );
        return;
      }
    };
    await pay('ada', 2);
    await pay('ada', 3);
    await built();
    await applied(false);
    expect(await value('sums.ada')).toEqual({ position: '2.0', row: { id: 'ada', sum: 5 } });
    await applied(true);
    expect(await value('sums.ada')).toEqual({ position: '2.0', row: { id: 'ada', sum: 7 } });
  });
});

describe('a bucket', () => {
  it('that was deleted is named by an error within seconds, also of the projection', async () => {
    const projections = await started(sums());
    await pay('ada');
    await projections.waitFor('sums', positionOf(1, 0), SOON);
    await raw.api(`STREAM.DELETE.KV_${bucket}`);
    const gone = { code: 'bucket-not-found', bucket };
    expect(await rejection(models.get('sums', 'ada'))).toMatchObject(gone);
    expect(await rejection(models.table('sums'))).toMatchObject(gone);
    await pay('ada');
    await until('it fails', () => projections.status('sums').state === 'failed');
    expect(String(projections.status('sums').error)).toContain(bucket);
    await projections.stop();
    models = await kvProjectionStore(store, { bucket });
    await built();
    expect(await models.get('sums', 'ada')).toEqual({ id: 'ada', sum: 2 });
  });

  it('with settings under which rows would be lost is refused by name', async () => {
    const name = `${bucket}-other`;
    const config = { name: `KV_${name}`, subjects: [`$KV.${name}.>`], max_msgs_per_subject: 5 };
    await raw.api(`STREAM.CREATE.KV_${name}`, config);
    const error = await rejection(kvProjectionStore(store, { bucket: name }));
    expect(error).toMatchObject({ code: 'jetstream-settings', stream: `KV_${name}` });
    expect(String(error)).toMatch(/allow_atomic.*history/);
  });

  it('needs a name that NATS allows, and options that exist', async () => {
    for (const options of [{ bucket: 'a.b' }, { bucket: '' }, {}, { bucket: 'a', history: 3 }]) {
      const refused = await rejection(kvProjectionStore(store, options as { bucket: string }));
      expect(refused).toMatchObject({ code: 'invalid-option' });
    }
  });
});

describe('lanes', () => {
  const lanes = (more: Record<string, unknown>): (() => unknown) => {
    const options = { ...{ name: 'x', store: models, table: 't', lanes: 4, events: { Paid } }, ...more };
    return () => defineProjection({ ...options, on: { Paid: () => ({}) } } as never);
  };

  it('are refused, since a bucket locks no rows, unless each stream has its row', async () => {
    const key = (): string => 'k';
    expect(lanes({ key, categories: ['order'] })).toThrow(
      'projection.lanes must be 1 in a store that locks no rows',
    );
    expect(lanes({ key: 'stream', categories: ['order', 'payment'] })).toThrow('a list of one category');
    expect(lanes({ key: 'stream' })).toThrow('a list of one category');
    expect(lanes({ key: 'stream', categories: ['order'] })).not.toThrow();
    expect(lanes({ key, lanes: 1 })).not.toThrow();
  });

  it('use the id of the stream as the key', async () => {
    const projections = await started(
      defineProjection({
        name: 'sums',
        categories: ['order'],
        store: models,
        table: 'orders',
        key: 'stream',
        events: { Paid },
        on: { Paid: (row: Sum | undefined, event) => ({ sum: (row?.sum ?? 0) + event.data.amount }) },
      }),
    );
    await store.append(streamName('order', 'o 1'), [new Paid('ada', 3), new Paid('bob', 4)]);
    await projections.waitFor('sums', positionOf(1, 1), SOON);
    expect(await models.get('orders', 'o 1')).toEqual({ id: 'o 1', sum: 7 });
  });
});
