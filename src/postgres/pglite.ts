import type { SqlDatabase } from './sql-database.js';

/** The part of a PGlite transaction that is used here. */
export interface PGliteTransaction {
  query<Row>(sql: string, parameters?: unknown[]): Promise<{ readonly rows: Row[] }>;
}

/** The part of a PGlite database that is used here. */
export interface PGliteDatabase<Tx extends PGliteTransaction> {
  transaction<R>(work: (tx: Tx) => Promise<R>): Promise<R>;
}

/**
 * PGlite as the database of projections; handlers get its `Transaction`. It has one connection: what a handler asks of the database
 * itself, beside its transaction, waits for that transaction forever.
 *
 * @example
 * const models = postgresProjectionStore(pglite(new PGlite('./models')));
 */
export function pglite<Tx extends PGliteTransaction>(database: PGliteDatabase<Tx>): SqlDatabase<Tx> {
  return {
    transaction: (work) => database.transaction(work),
    query: async (tx, sql, parameters) =>
      (await tx.query<Record<string, unknown>>(sql, [...parameters])).rows,
  };
}
