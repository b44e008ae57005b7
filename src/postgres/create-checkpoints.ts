import type { SqlDatabase } from './sql-database.js';

/** Any constant will do. Instances that create or change the table at the same time take the same lock. */
const LOCK = 7_236_591_042;

/** Finds the table if it is up to date, with lanes; no row if it is missing or older. */
const FIND_CURRENT = `select 1 from pg_attribute
where attrelid = to_regclass('jetsource_checkpoint') and attname = 'lane' and not attisdropped`;

const CREATE = `create table if not exists jetsource_checkpoint (
  projection text not null,
  version integer not null,
  lane integer not null default 0,
  epoch bigint not null,
  store_identity text not null,
  position text,
  commit_id text,
  start_at text,
  updated_at timestamptz not null default now(),
  primary key (projection, version, lane)
)`;

/** Changes nothing on a table that was just created: each part of the statement can be repeated. */
const ADD_LANES = `alter table jetsource_checkpoint
  add column if not exists lane integer not null default 0,
  drop constraint if exists jetsource_checkpoint_pkey,
  add primary key (projection, version, lane)`;

/**
 * Creates the table `jetsource_checkpoint` where it does not exist, and adds lanes to one that was created
 * before there were lanes: its checkpoints are those of lane 0. Several instances may do so at the same time.
 * Where the table is up to date, this only reads: a role that may not create tables can then run projections.
 */
export async function createCheckpoints<Tx>(database: SqlDatabase<Tx>): Promise<void> {
  await database.transaction(async (tx) => {
    if (await isCurrent(database, tx)) return;
    // without it, one of two that create the table at the same time fails, in spite of `if not exists`
    await database.query(tx, `select pg_advisory_xact_lock(${LOCK})`, []);
    if (await isCurrent(database, tx)) return;
    await database.query(tx, CREATE, []);
    await database.query(tx, ADD_LANES, []);
  });
}

async function isCurrent<Tx>(database: SqlDatabase<Tx>, tx: Tx): Promise<boolean> {
  return (await database.query(tx, FIND_CURRENT, [])).length > 0;
}
