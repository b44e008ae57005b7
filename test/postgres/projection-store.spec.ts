import { positionOf } from '../../src/event/position.js';
import { postgresProjectionStore } from '../../src/postgres/postgres-projection-store.js';
import type { Checkpoint } from '../../src/projection/store/checkpoint.js';
import type { ParkedEvent } from '../../src/projection/store/parked-table.js';
import type { ProjectionStore, ProjectionTransaction } from '../../src/projection/store/projection-store.js';
import { inMemoryProjectionStore } from '../../src/testing/in-memory/in-memory-projection-store.js';
import { describeOn, SQL_KINDS, type TestDatabase } from '../support/postgres/sql-databases.js';

const model = { projection: 'orders', version: 3, build: 1 };
const first: Checkpoint = {
  ...model,
  lane: 0,
  lanes: 2,
  epoch: 1,
  storeIdentity: 'identity',
  position: undefined,
  commitId: undefined,
  earlier: undefined,
  start: { time: new Date('2026-01-02T03:04:05.678Z') },
  caughtUp: false,
  ahead: undefined,
};

const parked: ParkedEvent = {
  position: positionOf(12, 1),
  eventId: 'commit-1',
  type: 'OrderPlaced',
  stream: 'order/ä 42',
  error: 'TypeError: no\n    at here',
  attempts: 5,
  parkedAt: new Date('2026-03-04T05:06:07.089Z'),
};

/** What every projection store does alike. */
function storeCases(open: () => ProjectionStore<unknown>): void {
  let store: ProjectionStore<unknown>;

  beforeEach(() => {
    store = open();
  });

  async function run<R>(work: (transaction: ProjectionTransaction<unknown>) => Promise<R>): Promise<R> {
    return store.transact(undefined, work);
  }

  async function replace(previous: Checkpoint | undefined, next: Checkpoint): Promise<boolean> {
    return run(({ checkpoints }) => checkpoints.replace(previous, next));
  }

  async function find(key = first): Promise<Checkpoint | undefined> {
    return run(({ checkpoints }) => checkpoints.find(key));
  }

  it('stores each part of a checkpoint, and replaces it only where it is as expected', async () => {
    expect(await find()).toBeUndefined();
    expect(await replace(first, { ...first, epoch: 2 })).toBe(false);
    expect(await replace(undefined, first)).toBe(true);
    expect(await find()).toEqual(first);
    expect(await replace(undefined, { ...first, epoch: 9 })).toBe(false);
    const moved: Checkpoint = {
      ...first,
      position: positionOf(7, 2),
      commitId: 'c',
      earlier: { position: positionOf(6, 0), commitId: 'b' },
      start: { sequence: 4 },
      caughtUp: true,
      lanes: 64,
      ahead: { 0: positionOf(8, 0), 63: positionOf(9, 3) },
    };
    expect(await replace(first, moved)).toBe(true);
    expect(await find()).toEqual(moved);
    // from the same position, and of another epoch
    expect(await replace(first, { ...moved, position: positionOf(9, 0) })).toBe(false);
    expect(await replace({ ...moved, epoch: 2 }, { ...moved, epoch: 3 })).toBe(false);
    expect(await find()).toEqual(moved);
    for (const start of [{ position: positionOf(3, 1) }, undefined]) {
      await replace(moved, { ...moved, start });
      expect(await find()).toEqual({ ...moved, start });
    }
    expect(await replace(moved, { ...moved, ahead: undefined })).toBe(true);
    expect((await find())?.ahead).toBeUndefined();
  });

  it('keeps versions, builds and lanes apart', async () => {
    const all: Checkpoint[] = [
      first,
      { ...first, version: 4 },
      { ...first, build: 2 },
      { ...first, lane: 1 },
      { ...first, projection: 'other' },
    ];
    for (const each of all) expect(await replace(undefined, each)).toBe(true);
    const next = { ...first, epoch: 2, position: positionOf(2, 0) };
    expect(await replace(first, next)).toBe(true);
    expect(await find()).toEqual(next);
    for (const each of all.slice(1)) expect(await find(each)).toEqual(each);
  });

  it('lists the checkpoints of a model by lane', async () => {
    const lanes = [10, 2, 0].map((lane) => ({ ...first, lane }));
    for (const each of [...lanes, { ...first, build: 2, lane: 5 }]) await replace(undefined, each);
    const listed = await run(({ checkpoints }) => checkpoints.list(model));
    expect(listed).toEqual(lanes.toReversed());
    expect(await run(({ checkpoints }) => checkpoints.list({ ...model, version: 9 }))).toEqual([]);
  });

  it('removes a checkpoint only where it is as expected', async () => {
    const remove = async (previous: Checkpoint): Promise<boolean> =>
      run(({ checkpoints }) => checkpoints.remove(previous));
    expect(await remove(first)).toBe(false);
    await replace(undefined, first);
    expect(await remove({ ...first, epoch: 2 })).toBe(false);
    expect(await remove({ ...first, position: positionOf(1, 0) })).toBe(false);
    expect(await find()).toEqual(first);
    expect(await remove(first)).toBe(true);
    expect(await find()).toBeUndefined();
  });

  it('keeps parked events of a model by position, and lets one take the place of another', async () => {
    const early = { ...parked, position: positionOf(9, 0) };
    const other = { ...model, build: 2 };
    await run(async ({ parked: table }) => {
      await table.add(model, { ...parked, attempts: 1 });
      await table.add(model, early);
      await table.add(model, parked);
      await table.add(other, parked);
    });
    await run(async ({ parked: table }) => {
      expect(await table.list(model)).toEqual([early, parked]);
      expect(await table.remove(model, early.position)).toBe(true);
      expect(await table.remove(model, early.position)).toBe(false);
      expect(await table.list(model)).toEqual([parked]);
      await table.clear(model);
      expect(await table.list(model)).toEqual([]);
      expect(await table.list(other)).toEqual([parked]);
    });
  });

  it('writes nothing when the work rejects, and passes its error on', async () => {
    const error = new TypeError('no');
    const failing = run(async ({ checkpoints, parked: table }) => {
      await checkpoints.replace(undefined, first);
      await table.add(model, parked);
      throw error;
    });
    await expect(failing).rejects.toBe(error);
    expect(await find()).toBeUndefined();
    expect(await run(({ parked: table }) => table.list(model))).toEqual([]);
    expect(await run(async () => 'done')).toBe('done');
  });

  it('loads, inserts, replaces and deletes rows', async () => {
    const place = { table: 'summary', keyColumn: 'customer' };
    const load = async (): Promise<Record<string, unknown>> =>
      run(async ({ tx }) =>
        Object.fromEntries(
          (await store.rows?.load(tx, { ...place, keys: ['ada', 'bob', "o'neil"], lock: true })) ?? [],
        ),
      );
    expect(await load()).toEqual({});
    const ada = { customer: 'ada', orders: 1 };
    const neil = { customer: "o'neil", orders: 3 };
    await run(async ({ tx }) => store.rows?.save(tx, { ...place, upserts: [ada, neil], deletes: [] }));
    expect(await load()).toEqual({ ada, "o'neil": neil });
    const more = { customer: 'ada', orders: 2 };
    const bob = { customer: 'bob', orders: 1 };
    await run(async ({ tx }) =>
      store.rows?.save(tx, { ...place, upserts: [more, bob], deletes: ["o'neil", 'nobody'] }),
    );
    expect(await load()).toEqual({ ada: more, bob });
    await run(async ({ tx }) => store.rows?.clear(tx, 'summary'));
    expect(await load()).toEqual({});
  });
}

describe('a projection store in memory', () => {
  storeCases(() => inMemoryProjectionStore());
});

for (const kind of SQL_KINDS) {
  describeOn(kind, 'a projection store', () => {
    let db: TestDatabase;

    beforeAll(async () => {
      db = await kind.open();
    });
    beforeEach(async () => {
      await db.reset();
      await db.query('create table summary (customer text primary key, orders int not null)');
    });
    afterAll(() => db.close());

    storeCases(() => postgresProjectionStore(db.database));

    it.each([
      ['start_at', 'after:3.1'],
      ['start_at', 'sequence:0'],
      ['start_at', 'time:soon'],
      ['start_at', 'position:3'],
      ['position', 'third'],
      ['earlier_commit', '3.0'],
      ['ahead', '[]'],
      ['ahead', '{"64": "3.0"}'],
      ['ahead', '{"1": 3}'],
    ])('refuses a %s of %s, which it never writes', async (column, value) => {
      const store = postgresProjectionStore(db.database);
      await store.transact(undefined, ({ checkpoints }) => checkpoints.replace(undefined, first));
      await db.query(`update jetsource_checkpoint set ${column} = $1${column === 'ahead' ? '::jsonb' : ''}`, [
        value,
      ]);
      const corrupt = { code: 'corrupt-checkpoint', projection: 'orders', version: 3, column };
      await expect(
        store.transact(undefined, ({ checkpoints }) => checkpoints.find(first)),
      ).rejects.toMatchObject(corrupt);
      await expect(
        store.transact(undefined, ({ checkpoints }) => checkpoints.list(model)),
      ).rejects.toMatchObject(corrupt);
    });

    it('stores an error of a parked event that no text of PostgreSQL can hold', async () => {
      const store = postgresProjectionStore(db.database);
      await store.transact(undefined, async ({ parked: table }) => {
        await table.add(model, { ...parked, error: 'a\0b' });
        expect(await table.list(model)).toEqual([{ ...parked, error: 'a\uFFFDb' }]);
      });
    });
  });
}

describe('postgresProjectionStore', () => {
  it.each<[string, unknown]>([
    ['nothing', undefined],
    ['a driver that is no adapter', { query: () => undefined }],
    ['PGlite without its adapter', { transaction: () => undefined, query: () => undefined, waitReady: true }],
  ])('refuses %s as its database', (_, given) => {
    expect(() => postgresProjectionStore(given as never)).toThrow('such as pglite(db)');
  });

  it('refuses options that do not exist, and values that cannot work', () => {
    const nothing = async (): Promise<never[]> => [];
    const database = { transaction: nothing, query: nothing } as never;
    expect(() => postgresProjectionStore(database, { schema: false } as never)).toThrow(
      'schema must be one of',
    );
    expect(() => postgresProjectionStore(database, { schemas: 'no' as never })).toThrow(
      'schemas must be true or false',
    );
  });
});
