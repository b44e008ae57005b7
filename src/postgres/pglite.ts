import { InvalidOptionError } from '../kernel/invalid-option-error.js';
import type { SqlDatabase } from './sql-database.js';

/** The part of a PGlite transaction that is used here. */
export interface PGliteTransaction {
  /** Runs one statement with `$1`, `$2`… and returns its rows. */
  query<Row>(sql: string, parameters?: unknown[]): Promise<{ readonly rows: Row[] }>;
}

/** The part of a PGlite database that is used here. */
export interface PGliteDatabase<Tx extends PGliteTransaction> {
  /** Runs `work` in a transaction. */
  transaction<R>(work: (tx: Tx) => Promise<R>): Promise<R>;
}

/**
 * PGlite as the database of projections; handlers get its `Transaction`. It has one connection: a handler
 * that queries the database itself instead of its transaction waits for that transaction, and so forever.
 *
 * @throws {@link InvalidOptionError} when it is no PGlite database.
 * @example
 * const models = postgresProjectionStore(pglite(new PGlite('./models')));
 */
export function pglite<Tx extends PGliteTransaction>(database: PGliteDatabase<Tx>): SqlDatabase<Tx> {
  if (typeof (database as Partial<typeof database> | undefined)?.transaction !== 'function') {
    throw new InvalidOptionError({ option: 'database', given: database, allowed: 'a PGlite database' });
  }
  return {
    isInProcess: true,
    transaction: (work) => database.transaction(work),
    query: async (tx, sql, parameters) =>
      (await tx.query<Record<string, unknown>>(sql, [...parameters])).rows,
  };
}
