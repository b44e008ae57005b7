import { createTables } from '../../src/postgres/create-tables.js';
import { postgresProjectionStore } from '../../src/postgres/postgres-projection-store.js';
import type { SqlDatabase } from '../../src/postgres/sql-database.js';
import type { Checkpoint } from '../../src/projection/store/checkpoint.js';
import { describeOn, SQL_KINDS, type SqlTx, type TestDatabase } from '../support/postgres/sql-databases.js';

/** The table as it was created before there were lanes, with a checkpoint in it. */
const WITHOUT_LANES = `create table jetsource_checkpoint (
  projection text not null,
  version integer not null,
  epoch bigint not null,
  store_identity text not null,
  position text,
  commit_id text,
  start_at text,
  updated_at timestamptz not null default now(),
  primary key (projection, version)
)`;

/** The table as it was created before there were models. */
const WITHOUT_MODELS = `create table jetsource_checkpoint (
  projection text not null,
  version integer not null,
  lane integer not null default 0,
  epoch bigint not null,
  store_identity text not null,
  position text,
  commit_id text,
  start_at text,
  earlier_commit text,
  updated_at timestamptz not null default now(),
  primary key (projection, version, lane)
)`;

const ROW = `insert into jetsource_checkpoint
  (projection, version, epoch, store_identity, position, commit_id, start_at)
values ('sums', 2, 7, 'identity', '9.1', 'commit', 'sequence:4')`;

const KEY = { projection: 'sums', version: 2, build: 1, lane: 0 };
const KEY_COLUMNS = ['build', 'lane', 'projection', 'version'];

for (const kind of SQL_KINDS) {
  describeOn(kind, "the store's own tables", () => {
    let db: TestDatabase;

    beforeAll(async () => {
      db = await kind.open();
    });
    beforeEach(() => db.reset());
    afterAll(() => db.close());

    async function keyColumns(): Promise<unknown[]> {
      const rows = await db.query(
        `select a.attname from pg_index i join pg_attribute a on a.attrelid = i.indrelid and a.attnum = any(i.indkey)
         where i.indrelid = 'jetsource_checkpoint'::regclass and i.indisprimary order by a.attname`,
      );
      return rows.map(({ attname }) => attname);
    }

    /** The statements that are run, by their first two words. */
    function recording(): { database: SqlDatabase<SqlTx>; statements: string[] } {
      const statements: string[] = [];
      const database: SqlDatabase<SqlTx> = {
        transaction: async (work) => db.database.transaction(work),
        query: async (tx, sql, parameters) => {
          statements.push(sql.split(/\s+|\(/, 2).join(' '));
          return db.database.query(tx, sql, parameters);
        },
      };
      return { database, statements };
    }

    it('are created in the schema that is current', async () => {
      expect(await createTables(db.database)).toBe('public');
      expect(await keyColumns()).toEqual(KEY_COLUMNS);
      expect(await db.query('select * from jetsource_model')).toEqual([]);
      expect(await db.query('select * from jetsource_parked_event')).toEqual([]);
    });

    it.each([
      ['lanes', WITHOUT_LANES],
      ['models', WITHOUT_MODELS],
    ])('are brought up to date without loss when they are of a release without %s', async (_, before) => {
      await db.query(before);
      await db.query(ROW);
      const store = postgresProjectionStore(db.database);
      const found = await store.transact(undefined, ({ checkpoints }) => checkpoints.find(KEY));
      const expected: Checkpoint = {
        ...KEY,
        lanes: 1,
        epoch: 7,
        storeIdentity: 'identity',
        position: '9.1' as never,
        commitId: 'commit',
        start: { sequence: 4 },
        caughtUp: true,
      };
      expect(found).toEqual(expected);
      expect(await keyColumns()).toEqual(KEY_COLUMNS);
      const second = { ...expected, build: 2 };
      await store.transact(undefined, async ({ checkpoints }) => {
        expect(await checkpoints.replace(undefined, second)).toBe(true);
        expect(await checkpoints.replace(undefined, { ...expected, lane: 1 })).toBe(true);
        expect(await checkpoints.replace(undefined, expected)).toBe(false);
      });
    });

    it('are only read when they are up to date, so that a role may lack the right to create tables', async () => {
      await createTables(db.database);
      const { database, statements } = recording();
      await createTables(database);
      expect(statements).toEqual(['select n.nspname']);
    });

    it('are changed under a lock, and looked at again when the lock is held', async () => {
      await db.query(WITHOUT_LANES);
      const { database, statements } = recording();
      await createTables(database);
      expect(statements).toEqual([
        'select n.nspname',
        'select pg_advisory_xact_lock',
        'select n.nspname',
        'create table',
        'alter table',
        'create table',
        'create table',
        'create table',
        'insert into',
      ]);
    });

    it.each([
      ['are missing', 'select 1'],
      ['have no lanes', WITHOUT_LANES],
    ])('can be needed by several instances that start at the same time when they %s', async (_, before) => {
      await db.query(before);
      await Promise.all(Array.from({ length: 4 }, async () => createTables(db.database)));
      expect(await keyColumns()).toEqual(KEY_COLUMNS);
    });

    it('are found whatever the search path of a later transaction is', async () => {
      const store = postgresProjectionStore(db.database);
      await store.transact(undefined, async ({ tx, checkpoints }) => {
        await tx.query(`select set_config('search_path', 'elsewhere', true)`);
        expect(await checkpoints.find(KEY)).toBeUndefined();
      });
    });

    it('are created at the next transaction when the first try fails', async () => {
      let failures = 1;
      const database: SqlDatabase<SqlTx> = {
        transaction: async (work) => {
          if (failures-- > 0) throw new TypeError('down');
          return db.database.transaction(work);
        },
        query: async (tx, sql, parameters) => db.database.query(tx, sql, parameters),
      };
      const store = postgresProjectionStore(database);
      const find = async (): Promise<unknown> =>
        store.transact(undefined, ({ checkpoints }) => checkpoints.find(KEY));
      await expect(find()).rejects.toThrow('down');
      expect(await find()).toBeUndefined();
    });
  });
}
