import { PGlite, type Transaction } from '@electric-sql/pglite';
import { createCheckpoints } from '../../src/postgres/create-checkpoints.js';
import { pglite } from '../../src/postgres/pglite.js';
import { postgresProjectionStore } from '../../src/postgres/postgres-projection-store.js';
import type { SqlDatabase } from '../../src/postgres/sql-database.js';

const db = new PGlite();

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
);
insert into jetsource_checkpoint (projection, version, epoch, store_identity, position, commit_id, start_at)
values ('sums', 2, 7, 'identity', '9.1', 'commit', 'sequence:4')`;

beforeAll(() => db.waitReady);
afterAll(() => db.close());
beforeEach(() => db.exec('drop table if exists jetsource_checkpoint'));

/** The statements that are run, by their first two words. */
function recording(): { database: SqlDatabase<Transaction>; statements: string[] } {
  const adapter: SqlDatabase<Transaction> = pglite(db);
  const statements: string[] = [];
  const database: SqlDatabase<Transaction> = {
    transaction: async (work) => adapter.transaction(work),
    query: async (tx, sql, parameters) => {
      statements.push(sql.split(/\s+|\(/, 2).join(' '));
      return adapter.query(tx, sql, parameters);
    },
  };
  return { database, statements };
}

async function keyColumns(): Promise<string[]> {
  const { rows } = await db.query<{ attname: string }>(
    `select a.attname from pg_index i join pg_attribute a on a.attrelid = i.indrelid and a.attnum = any(i.indkey)
     where i.indrelid = 'jetsource_checkpoint'::regclass and i.indisprimary order by a.attname`,
  );
  return rows.map(({ attname }) => attname);
}

describe('the table of checkpoints', () => {
  it('is created with the lane in its key', async () => {
    await createCheckpoints(pglite(db));
    expect(await keyColumns()).toEqual(['lane', 'projection', 'version']);
  });

  it('gets the lane when it was created without, and its checkpoints are those of lane 0', async () => {
    await db.exec(WITHOUT_LANES);
    const store = postgresProjectionStore(pglite(db));
    const key = { projection: 'sums', version: 2, lane: 0 };
    const found = await store.transact((_, table) => table.find(key));
    expect(found).toEqual({
      ...key,
      epoch: 7,
      storeIdentity: 'identity',
      position: '9.1',
      commitId: 'commit',
      start: { sequence: 4 },
    });
    expect(await keyColumns()).toEqual(['lane', 'projection', 'version']);
    const other = { ...key, lane: 1, epoch: 1, storeIdentity: 'i', position: undefined };
    const next = { ...other, commitId: undefined, start: undefined };
    expect(await store.transact((_, table) => table.replace(undefined, next))).toBe(true);
    expect(await store.transact((_, table) => table.find(key))).toEqual(found);
  });

  it('is only read when it is up to date, so that a role may lack the right to create tables', async () => {
    await createCheckpoints(pglite(db));
    const { database, statements } = recording();
    await createCheckpoints(database);
    expect(statements).toEqual(['select 1']);
  });

  it('is changed under a lock, and looked at again when the lock is held', async () => {
    await db.exec(WITHOUT_LANES);
    const { database, statements } = recording();
    await createCheckpoints(database);
    expect(statements).toEqual([
      'select 1',
      'select pg_advisory_xact_lock',
      'select 1',
      'create table',
      'alter table',
    ]);
  });

  it.each([
    ['is missing', 'select 1'],
    ['has no lanes', WITHOUT_LANES],
  ])('can be needed by several instances that start at the same time when it %s', async (_, before) => {
    await db.exec(before);
    await Promise.all(Array.from({ length: 4 }, async () => createCheckpoints(pglite(db))));
    expect(await keyColumns()).toEqual(['lane', 'projection', 'version']);
  });

  it('is created at the next transaction when the first try fails', async () => {
    const adapter: SqlDatabase<Transaction> = pglite(db);
    let failures = 1;
    const database: SqlDatabase<Transaction> = {
      transaction: async (work) => {
        if (failures-- > 0) throw new TypeError('down');
        return adapter.transaction(work);
      },
      query: async (tx, sql, parameters) => adapter.query(tx, sql, parameters),
    };
    const store = postgresProjectionStore(database);
    const key = { projection: 'sums', version: 1, lane: 0 };
    await expect(store.transact((_, table) => table.find(key))).rejects.toThrow('down');
    expect(await store.transact((_, table) => table.find(key))).toBeUndefined();
  });
});
