import { modelSchema } from '../../src/postgres/model-schema.js';
import { postgresProjectionStore } from '../../src/postgres/postgres-projection-store.js';
import type { Checkpoint } from '../../src/projection/store/checkpoint.js';
import type { ModelId } from '../../src/projection/store/model-id.js';
import type { ModelTable } from '../../src/projection/store/model-table.js';
import type { ProjectionStore, ProjectionTransaction } from '../../src/projection/store/projection-store.js';
import { positionOf } from '../../src/event/position.js';
import { describeOn, SQL_KINDS, type SqlTx, type TestDatabase } from '../support/postgres/sql-databases.js';

const one: ModelId = { projection: 'orders', version: 1, build: 1 };
const two: ModelId = { projection: 'orders', version: 2, build: 1 };

function checkpointOf(model: ModelId, lane = 0): Checkpoint {
  return {
    ...model,
    lane,
    lanes: 1,
    epoch: 1,
    storeIdentity: 'identity',
    position: undefined,
    commitId: undefined,
    start: undefined,
    caughtUp: true,
  };
}

for (const kind of SQL_KINDS) {
  describeOn(kind, 'models side by side', () => {
    let db: TestDatabase;
    let store: ProjectionStore<SqlTx>;

    beforeAll(async () => {
      db = await kind.open();
    });
    beforeEach(async () => {
      await db.reset();
      store = postgresProjectionStore(db.database);
    });
    afterAll(() => db.close());

    async function inModel<R>(
      model: ModelId,
      work: (transaction: ProjectionTransaction<SqlTx> & { models: ModelTable }) => Promise<R>,
    ): Promise<R> {
      return store.transact(model, (transaction) => work(withModels(transaction)));
    }

    async function models<R>(work: (models: ModelTable) => Promise<R>): Promise<R> {
      return store.transact(undefined, (transaction) => work(withModels(transaction).models));
    }

    /** A model with a table of totals, in which there is one row. */
    async function build(model: ModelId, columns = 'total int'): Promise<void> {
      await models((table) => table.create(model));
      await inModel(model, async ({ tx, checkpoints }) => {
        await checkpoints.replace(undefined, checkpointOf(model));
        await tx.query(`create table if not exists totals (customer text primary key, ${columns})`);
        await tx.query(`insert into totals values ('ada', ${model.version})`);
      });
    }

    async function serve(model: ModelId): Promise<void> {
      await models((table) => table.serve(model));
    }

    async function states(): Promise<string[]> {
      const list = await models((table) => table.list('orders'));
      return list.map(({ version, build: number, state }) => `${version}.${number} ${state}`);
    }

    it('keeps the tables of each in a schema of its own, and shows readers the one that serves', async () => {
      await build(one);
      await expect(db.query('select * from totals')).rejects.toThrow('does not exist');
      await serve(one);
      expect(await db.query('select * from totals')).toEqual([{ customer: 'ada', total: 1 }]);
      await build(two);
      expect(await db.query('select total from totals')).toEqual([{ total: 1 }]);
      expect(await states()).toEqual(['1.1 serving', '2.1 building']);
      await serve(two);
      expect(await db.query('select total from totals')).toEqual([{ total: 2 }]);
      expect(await states()).toEqual(['1.1 retired', '2.1 serving']);
      expect(await db.query('select total from orders_v1.totals')).toEqual([{ total: 1 }]);
      // back again
      await serve(one);
      expect(await db.query('select total from totals')).toEqual([{ total: 1 }]);
      expect(await states()).toEqual(['1.1 serving', '2.1 retired']);
    });

    it('runs the work of a model in its schema from the beginning, and of no model in none', async () => {
      await build(one);
      const path = async (tx: SqlTx): Promise<unknown> =>
        (await tx.query<{ path: string }>(`select current_setting('search_path') as path`)).rows[0]?.path;
      const own = await store.transact(undefined, ({ tx }) => path(tx));
      expect(await inModel(one, ({ tx }) => path(tx))).toBe(`orders_v1, ${String(own)}`);
      expect(await store.transact(undefined, ({ tx }) => path(tx))).toBe(own);
      // in another process, which has not created the model
      const elsewhere = postgresProjectionStore(db.database);
      for (let times = 1; times <= 2; times += 1) {
        expect(await elsewhere.transact(one, ({ tx }) => path(tx))).toBe(`orders_v1, ${String(own)}`);
      }
    });

    it('creates a model in a transaction of that model', async () => {
      const created = await inModel(one, async ({ tx, models: table }) => {
        await table.create(one);
        await tx.query('create table totals (customer text primary key)');
        return table.list('orders');
      });
      expect(created).toEqual([{ ...one, state: 'building' }]);
      expect(await db.query('select * from orders_v1.totals')).toEqual([]);
      // again, which changes nothing
      await inModel(one, async ({ models: table }) => table.create(one));
      expect(await states()).toEqual(['1.1 building']);
    });

    it('finds no table before it creates the model, so that none is written where readers look', async () => {
      await db.query('create table totals (total int)');
      const work = inModel(one, async ({ tx, models: table }) => {
        await tx.query('insert into totals values (1)');
        await table.create(one);
      });
      await expect(work).rejects.toMatchObject({ code: 'model-not-found', cause: { code: '42P01' } });
    });

    it('refuses work on a model that was not created, or was dropped, and writes nothing then', async () => {
      const missing = { code: 'model-not-found', projection: 'orders', version: 1, build: 1 };
      const work = async ({ tx }: { tx: SqlTx }): Promise<unknown> => tx.query('create table totals (x int)');
      await expect(inModel(one, work)).rejects.toMatchObject(missing);
      await expect(inModel(one, async () => 'nothing')).rejects.toMatchObject(missing);
      await build(one);
      const elsewhere = postgresProjectionStore(db.database);
      await elsewhere.transact(undefined, (transaction) => withModels(transaction).models.drop(one));
      await expect(inModel(one, work)).rejects.toMatchObject(missing);
      await expect(inModel(one, work)).rejects.toMatchObject(missing);
      expect(await db.query(`select 1 from pg_class where relname = 'totals'`)).toEqual([]);
    });

    it('drops a model with its tables, checkpoints and parked events, but not the one that serves', async () => {
      await build(one);
      await build(two);
      await serve(two);
      const event = { position: positionOf(1, 0), eventId: 'e', type: 'T', stream: 's/1', error: 'x' };
      for (const model of [one, two]) {
        await inModel(model, ({ parked }) =>
          parked.add(model, { ...event, attempts: 1, parkedAt: new Date(0) }),
        );
      }
      await models((table) => table.drop(one));
      await models((table) => table.drop(two));
      await models((table) => table.drop(one));
      expect(await states()).toEqual(['2.1 serving']);
      for (const table of ['jetsource_checkpoint', 'jetsource_parked_event']) {
        expect(await db.query(`select version from ${table}`)).toEqual([{ version: 2 }]);
      }
      expect(await db.query(`select nspname from pg_namespace where nspname like 'orders%'`)).toEqual([
        { nspname: 'orders_v2' },
      ]);
      // the version can be built again
      await build(one);
      expect(await states()).toEqual(['1.1 building', '2.1 serving']);
    });

    it('gives views to tables and columns that come after the switch, when it is served again', async () => {
      await build(one);
      await serve(one);
      await inModel(one, async ({ tx, models: table }) => {
        await tx.query('alter table totals add column rank int default 7');
        await tx.query('create table names (name text)');
        await table.serve(one);
      });
      expect(await db.query('select * from totals')).toEqual([{ customer: 'ada', total: 1, rank: 7 }]);
      expect(await db.query('select * from names')).toEqual([]);
    });

    it('does not touch views that are as they should be, so that claims do not wait for readers', async () => {
      await build(one);
      await serve(one);
      const views = async (): Promise<unknown> =>
        db.query(
          `select xmin::text, relname from pg_class where relkind = 'v' and relnamespace = 'public'::regnamespace`,
        );
      const before = await views();
      await serve(one);
      expect(await views()).toEqual(before);
    });

    it('drops views that the new model has no table for, and shows its views as well', async () => {
      await build(one);
      await inModel(one, ({ tx }) => tx.query('create table names (name text)'));
      await serve(one);
      await build(two);
      await inModel(two, ({ tx }) => tx.query('create view best as select * from totals'));
      await serve(two);
      await expect(db.query('select * from names')).rejects.toThrow('does not exist');
      expect(await db.query('select total from best')).toEqual([{ total: 2 }]);
    });

    it('keeps rights and views of others, where columns stay and are added', async () => {
      await build(one);
      await serve(one);
      await db.query('create view mine as select total from totals');
      await withRole(db, async (role) => {
        await db.query(`grant select on totals to ${role}`);
        await build(two, 'total int, rank int');
        await serve(two);
        expect(await canSelect(role, 'totals')).toBe(true);
        expect(await db.query('select total from mine')).toEqual([{ total: 2 }]);
      });
    });

    it.each([
      ['a view', 'create view mine as select total from totals', 'view public.mine'],
      [
        'a materialized view',
        'create materialized view mine as select total from totals',
        'materialized view public.mine',
      ],
      ['a column of its row type', 'create table mine (old totals)', 'table column public.mine.old'],
    ])('names %s that keeps a view from being created again, and changes nothing', async (_, sql, name) => {
      await build(one);
      await serve(one);
      await db.query(sql);
      await build(two, 'total text');
      const refusal = {
        code: 'view-in-use',
        outcome: 'not-applied',
        view: 'public.totals',
        dependents: [name],
      };
      await expect(serve(two)).rejects.toMatchObject(refusal);
      expect(await states()).toEqual(['1.1 serving', '2.1 building']);
      expect(await db.query('select total from totals')).toEqual([{ total: 1 }]);
      await db.query(`drop ${name.startsWith('table') ? 'table' : name.replace(/ public.*/, '')} mine`);
      await serve(two);
      expect(await db.query('select total from totals')).toEqual([{ total: '2' }]);
    });

    it('names what depends on a view that the new model has no table for', async () => {
      await build(one);
      await inModel(one, ({ tx }) => tx.query('create table extra (n int)'));
      await serve(one);
      await db.query('create view mine as select n from extra');
      await build(two);
      await expect(serve(two)).rejects.toMatchObject({
        code: 'view-in-use',
        dependents: ['view public.mine'],
      });
    });

    it('keeps rights where columns change, also those on columns', async () => {
      await build(one);
      await serve(one);
      await withRole(db, async (role) => {
        await db.query(`grant select on totals to ${role} with grant option`);
        await db.query(`grant update (customer, total) on totals to ${role}`);
        await build(two, 'total text');
        await serve(two);
        expect(await canSelect(role, 'totals')).toBe(true);
        const rights = await db.query(
          `select has_table_privilege($1, 'totals', 'select with grant option') as may_grant,
             has_column_privilege($1, 'totals', 'customer', 'update') as may_update`,
          [role],
        );
        expect(rights).toEqual([{ may_grant: true, may_update: true }]);
        await db.query(`revoke all on totals from ${role}`);
      });
    });

    it.each([
      ['a table', 'create table totals (mine int)'],
      ['a view', 'create view totals as select 1 as mine'],
      ['an index', 'create table t (x int); create index totals on t (x)'],
      ['a sequence', 'create sequence totals'],
    ])('refuses to take a name that %s of somebody else has, and changes nothing', async (by, sql) => {
      for (const statement of sql.split(';')) await db.query(statement);
      await build(one);
      await inModel(one, ({ tx }) => tx.query('create table aaa (x int)'));
      await expect(serve(one)).rejects.toMatchObject({
        code: 'name-taken',
        projection: 'orders',
        taken: 'public.totals',
        by,
      });
      expect(await states()).toEqual(['1.1 building']);
      await expect(db.query('select * from aaa')).rejects.toThrow('does not exist');
    });

    it('refuses a name that is a view of another projection', async () => {
      await build(one);
      await serve(one);
      const other = { projection: 'orders-2', version: 1, build: 1 };
      await build(other);
      await expect(serve(other)).rejects.toMatchObject({ code: 'name-taken', by: 'a view' });
    });

    it('refuses a schema that somebody else has', async () => {
      await db.query('create schema orders_v1');
      await expect(models((table) => table.create(one))).rejects.toMatchObject({
        code: 'name-taken',
        taken: 'orders_v1',
      });
      expect(await states()).toEqual([]);
    });

    it('gives readers views that cannot be written to, so that no other version changes them', async () => {
      await build(one);
      await serve(one);
      await expect(db.query('delete from totals')).rejects.toThrow('cannot delete from view');
      // a version that forgot to create its table
      await models((table) => table.create(two));
      await expect(inModel(two, ({ tx }) => tx.query('delete from totals'))).rejects.toThrow('cannot delete');
      await expect(
        inModel(two, ({ tx }) => tx.query(`insert into totals values ('eve', 6)`)),
      ).rejects.toThrow('cannot insert');
    });

    it('refuses to serve a model that is not there', async () => {
      await expect(serve(one)).rejects.toMatchObject({ code: 'model-not-found' });
    });

    it('lets readers see one model or the other whole, while it is switched', async () => {
      await build(one);
      await build(two);
      await serve(one);
      const seen = new Set<unknown>();
      let done = false;
      const reading = (async () => {
        while (!done) {
          const [row] = await db.query(
            'select (select total from totals) as first, (select sum(total)::int from totals) as second',
          );
          seen.add(row?.['first'] === row?.['second'] ? row?.['first'] : row);
        }
      })();
      for (const model of [two, one, two, one, two]) await serve(model);
      done = true;
      await reading;
      for (const value of seen) expect([1, 2]).toContain(value);
      expect(await db.query('select total from totals')).toEqual([{ total: 2 }]);
    });

    it('lets a projection that an earlier release has built go on in place', async () => {
      await db.query('create table totals (customer text primary key, total int)');
      const earlier = postgresProjectionStore(db.database, { schemas: false });
      for (const version of [1, 2]) {
        await earlier.transact(undefined, ({ checkpoints }) =>
          checkpoints.replace(undefined, checkpointOf({ ...one, version })),
        );
      }
      expect(await states()).toEqual(['1.1 retired', '2.1 serving']);
      await models((table) => table.create(two));
      await inModel(two, async ({ tx, checkpoints, models: table }) => {
        await tx.query(`insert into totals values ('ada', 1)`);
        expect(await checkpoints.find(checkpointOf(two))).toEqual({
          ...checkpointOf(two),
          ahead: undefined,
          earlier: undefined,
        });
        await table.serve(two);
      });
      expect(await db.query('select * from totals')).toEqual([{ customer: 'ada', total: 1 }]);
      // the next version has a schema, and needs the name
      const three = { ...one, version: 3 };
      await build(three);
      await expect(serve(three)).rejects.toMatchObject({ code: 'name-taken', by: 'a table' });
      await db.query('alter table totals rename to old_totals');
      await serve(three);
      expect(await db.query('select total from totals')).toEqual([{ total: 3 }]);
      expect(await states()).toEqual(['1.1 retired', '2.1 retired', '3.1 serving']);
      await models((table) => table.drop(two));
      expect(await db.query('select total from old_totals')).toEqual([{ total: 1 }]);
      expect(await states()).toEqual(['1.1 retired', '3.1 serving']);
    });

    it('goes on in place before the models were listed', async () => {
      const earlier = postgresProjectionStore(db.database, { schemas: false });
      await earlier.transact(undefined, async ({ tx, checkpoints }) => {
        await tx.query('create table totals (total int)');
        await checkpoints.replace(undefined, checkpointOf(one));
      });
      await store.transact(one, ({ tx }) => tx.query('insert into totals values (1)'));
      await store.transact(one, ({ tx }) => tx.query('insert into totals values (2)'));
      expect(await db.query('select * from public.totals')).toHaveLength(2);
    });

    it('keeps tables where they are without schemas', async () => {
      const plain = postgresProjectionStore(db.database, { schemas: false });
      await plain.transact(one, async ({ tx, models: table }) => {
        expect(table).toBeUndefined();
        await tx.query('create table totals (total int)');
      });
      expect(await db.query('select * from public.totals')).toEqual([]);
    });

    it('names schemas after the schema of the own tables, where that is not public', async () => {
      await db.query('create schema sales');
      const inSales = postgresProjectionStore<SqlTx>({
        transaction: async (work) =>
          db.database.transaction(async (tx) => {
            await tx.query('set local search_path = sales');
            return work(tx);
          }),
        query: async (tx, sql, parameters) => db.database.query(tx, sql, parameters),
      });
      await inSales.transact(one, async (transaction) => {
        await withModels(transaction).models.create(one);
        await transaction.tx.query('create table totals as select 1 as total');
        await withModels(transaction).models.serve(one);
      });
      expect(await db.query('select total from "sales.orders_v1".totals')).toEqual([{ total: 1 }]);
      expect(await db.query('select total from sales.totals')).toEqual([{ total: 1 }]);
      // the same projection in another schema of the same database
      await build(one);
    });

    async function canSelect(role: string, relation: string): Promise<unknown> {
      const [row] = await db.query(`select has_table_privilege($1, $2, 'select') as may`, [role, relation]);
      return row?.['may'];
    }
  });
}

function withModels<T extends ProjectionTransaction<SqlTx>>(transaction: T): T & { models: ModelTable } {
  const { models } = transaction;
  if (models === undefined) throw new TypeError('the store keeps no models side by side');
  return { ...transaction, models };
}

/** A role for a moment; roles belong to the whole server. */
async function withRole(db: TestDatabase, work: (role: string) => Promise<void>): Promise<void> {
  const role = `reader_${Math.random().toString(36).slice(2)}`;
  await db.query(`create role ${role}`);
  try {
    await work(role);
  } finally {
    await db.query(`drop owned by ${role}`);
    await db.query(`drop role ${role}`);
  }
}

describe('the schema of a model', () => {
  it.each([
    ['orders', 1, 1, 'public', 'orders_v1'],
    ['orders', 12, 3, 'public', 'orders_v12_b3'],
    ['order-summary', 1, 1, 'public', 'order-summary_v1'],
    ['pg_orders', 1, 1, 'public', '~pg_orders_v1'],
    ['orders', 1, 1, 'sales', 'sales.orders_v1'],
  ])('of %s, version %d, build %d in %s is %s', (projection, version, number, home, name) => {
    expect(modelSchema({ projection, version, build: number }, home)).toBe(name);
  });

  it('is short enough for PostgreSQL, and another one for each model', () => {
    const long = 'n'.repeat(63);
    const names = new Set<string>();
    let count = 0;
    for (const projection of [`${long}a`, `${long}b`, long, 'a_v1', 'a', 'A', 'a-b', 'a_b', 'pg_a']) {
      for (const version of [1, 2, Number.MAX_SAFE_INTEGER]) {
        for (const number of [1, 2, Number.MAX_SAFE_INTEGER]) {
          for (const home of ['public', 'a', `${'ä'.repeat(31)}`]) {
            const name = modelSchema({ projection, version, build: number }, home);
            expect(Buffer.byteLength(name)).toBeLessThanOrEqual(63);
            names.add(name);
            count += 1;
          }
        }
      }
    }
    expect(names.size).toBe(count);
  });
});
