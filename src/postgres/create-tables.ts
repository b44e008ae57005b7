import type { SqlDatabase } from './sql-database.js';
import { SqlSession } from './sql-session.js';

/** Any constant will do. Instances that create or change the tables at the same time take the same lock. */
const LOCK = 7_236_591_042;

/**
 * The schema of the tables: where they are found, else where they will be created. They are current when the
 * newest column and the newest table are there.
 */
const FIND = `select n.nspname as home, exists (
    select from pg_attribute where attrelid = c.oid and attname = 'ahead' and not attisdropped
  ) and to_regclass(format('%I.jetsource_model', n.nspname)) is not null
    and to_regclass(format('%I.jetsource_parked_event', n.nspname)) is not null
    and to_regclass(format('%I.jetsource_database', n.nspname)) is not null as is_current
from pg_namespace n left join pg_class c on c.oid = to_regclass('jetsource_checkpoint')
where n.oid = coalesce(c.relnamespace, to_regnamespace(quote_ident(current_schema())))`;

const CHECKPOINT = 'jetsource_checkpoint';

/** Each part of each statement can be repeated: tables that were just created are left as they are. */
const STATEMENTS: readonly ((own: (name: string) => string) => string)[] = [
  (own) => `create table if not exists ${own(CHECKPOINT)} (
  projection text not null,
  version integer not null,
  build integer not null default 1,
  lane integer not null default 0,
  lanes integer not null default 1,
  epoch bigint not null,
  store_identity text not null,
  position text,
  commit_id text,
  start_at text,
  earlier_commit text,
  caught_up boolean not null default true,
  ahead jsonb,
  updated_at timestamptz not null default now(),
  primary key (projection, version, build, lane)
)`,
  // the defaults are what is true of the checkpoints of earlier releases
  (own) => `alter table ${own(CHECKPOINT)}
  add column if not exists build integer not null default 1,
  add column if not exists lane integer not null default 0,
  add column if not exists lanes integer not null default 1,
  add column if not exists earlier_commit text,
  add column if not exists caught_up boolean not null default true,
  add column if not exists ahead jsonb,
  drop constraint if exists jetsource_checkpoint_pkey,
  add primary key (projection, version, build, lane)`,
  (own) => `create table if not exists ${own('jetsource_model')} (
  projection text not null,
  version integer not null,
  build integer not null,
  state text not null,
  schema_name text,
  created_at timestamptz not null default now(),
  served_at timestamptz,
  primary key (projection, version, build)
)`,
  (own) => `create table if not exists ${own('jetsource_parked_event')} (
  projection text not null,
  version integer not null,
  build integer not null,
  position text not null,
  event_id text not null,
  type text not null,
  stream text not null,
  error text not null,
  attempts integer not null,
  parked_at timestamptz not null,
  primary key (projection, version, build, position)
)`,
  (own) => `create table if not exists ${own('jetsource_database')} (id text primary key)`,
  (own) => `insert into ${own('jetsource_database')} select gen_random_uuid()
where not exists (select from ${own('jetsource_database')})`,
];

/**
 * Creates the tables `jetsource_checkpoint`, `jetsource_model`, `jetsource_parked_event` and
 * `jetsource_database`, which holds what distinguishes the database, where they do not exist, and adds the
 * columns that one of an earlier release lacks: its checkpoints are those of build 1 and lane 0. Several
 * instances may do so at the same time. Where the tables are up to date, this only reads: a role that may not
 * create tables can then run projections.
 *
 * @returns Name of the schema that they are in: the first one of the `search_path` when they are created.
 */
export async function createTables<Tx>(database: SqlDatabase<Tx>): Promise<string> {
  return database.transaction(async (tx) => {
    const found = await find(database, tx);
    if (found?.isCurrent) return found.home;
    // without it, one of two that create a table at the same time fails, in spite of `if not exists`
    await database.query(tx, `select pg_advisory_xact_lock(${LOCK})`, []);
    const { home, isCurrent } = (await find(database, tx)) ?? { home: 'public', isCurrent: false };
    if (isCurrent) return home;
    const session = new SqlSession(database, tx, home);
    for (const statement of STATEMENTS) await session.query(statement((name) => session.own(name)));
    return home;
  });
}

/** Undefined when the `search_path` names no schema that exists. */
async function find<Tx>(
  database: SqlDatabase<Tx>,
  tx: Tx,
): Promise<{ home: string; isCurrent: boolean } | undefined> {
  const [row] = await database.query(tx, FIND, []);
  return row && { home: String(row['home']), isCurrent: row['is_current'] === true };
}
