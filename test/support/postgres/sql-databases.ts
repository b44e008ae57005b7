import { PGlite } from '@electric-sql/pglite';
import pg from 'pg';
import { nodePostgres } from '../../../src/postgres/node-postgres.js';
import { pglite } from '../../../src/postgres/pglite.js';
import type { SqlDatabase } from '../../../src/postgres/sql-database.js';
import { newDatabase, postgresServer, titleFor } from './postgres-server.js';

/** What the transactions of all drivers have. */
export interface SqlTx {
  query<Row extends Record<string, unknown>>(
    sql: string,
    parameters?: unknown[],
  ): Promise<{ readonly rows: Row[] }>;
}

/** A database for a spec file. */
export interface TestDatabase {
  /** Of a driver. */
  readonly database: SqlDatabase<SqlTx>;
  /** As a reader would, beside the transactions of the store. */
  query(sql: string, parameters?: unknown[]): Promise<Record<string, unknown>[]>;
  /** Drops all tables and schemas. */
  reset(): Promise<void>;
  close(): Promise<void>;
}

/** A database that a `describe` runs on. */
export interface SqlKind {
  readonly title: string;
  /** False when it is not on this machine; the title then says so. */
  readonly isThere: boolean;
  open(): Promise<TestDatabase>;
}

const server = await postgresServer();

export const PGLITE: SqlKind = { title: 'on PGlite', isThere: true, open: openPGlite };
export const POSTGRES: SqlKind = {
  title: titleFor('on PostgreSQL', server),
  isThere: 'url' in server,
  open: async () => openPostgres(await databaseUrl()),
};
export const SQL_KINDS: readonly SqlKind[] = [PGLITE, POSTGRES];

/** Describes specs on a database, or skips them where it is not. */
export function describeOn(kind: SqlKind, title: string, specs: () => void): void {
  (kind.isThere ? describe : describe.skip)(`${title} ${kind.title}`, specs);
}

const created: { drop(): Promise<unknown> }[] = [];

afterAll(async () => {
  for (const database of created.splice(0)) await database.drop();
});

/** A connection string of a new database on the PostgreSQL of the run; dropped after the spec file. */
export async function databaseUrl(): Promise<string> {
  if (!('url' in server)) throw new TypeError(server.missing);
  const database = await newDatabase(server);
  created.push(database);
  return database.url;
}

const RESET = `do $$ declare found record; begin
  for found in select nspname from pg_namespace where nspname !~ '^(pg_|information_schema)' loop
    execute format('drop schema %I cascade', found.nspname);
  end loop;
  execute 'create schema public';
end $$`;

async function openPGlite(): Promise<TestDatabase> {
  const db = await PGlite.create();
  return {
    database: pglite(db),
    query: async (sql, parameters) => (await db.query<Record<string, unknown>>(sql, parameters)).rows,
    reset: async () => void (await db.exec(RESET)),
    close: async () => db.close(),
  };
}

/** A database of PostgreSQL, by its connection string. */
export async function openPostgres(url: string): Promise<TestDatabase> {
  const pool = new pg.Pool({ connectionString: url, connectionTimeoutMillis: 10_000 });
  pool.on('error', () => undefined);
  return {
    database: nodePostgres(pool),
    query: async (sql, parameters) => (await pool.query<Record<string, unknown>>(sql, parameters)).rows,
    reset: async () => void (await pool.query(RESET)),
    close: async () => pool.end(),
  };
}
