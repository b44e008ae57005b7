/** A row as the driver returns it, by column. */
export type SqlRow = Readonly<Record<string, unknown>>;

/**
 * What the projection store needs of a PostgreSQL driver or query builder. `Tx` is its own transaction, which
 * handlers get as it is. Parameters are texts, numbers, booleans, dates and null.
 *
 * @example
 * const withKysely = (db: Kysely<Schema>): SqlDatabase<Transaction<Schema>> => ({
 *   transaction: (work) => db.transaction().execute(work),
 *   query: async (tx, sql, parameters) =>
 *     (await tx.executeQuery<SqlRow>(CompiledQuery.raw(sql, [...parameters]))).rows,
 * });
 */
export interface SqlDatabase<Tx> {
  /** Whether the database is inside this process, so that no lock of it outlives the process. @default false */
  readonly isInProcess?: boolean | undefined;
  /**
   * Runs `work` between BEGIN and COMMIT. Rolls back when it rejects, and rejects with the same error. Also
   * rejects when the server rolled back instead of committing, which PostgreSQL reports as success.
   */
  transaction<R>(work: (tx: Tx) => Promise<R>): Promise<R>;
  /**
   * As `transaction`, and runs `statement`, which has no parameters, together with BEGIN in one round trip.
   *
   * @default it is sent by `query`, in a round trip of its own
   */
  transactionWith?<R>(statement: string, work: (tx: Tx) => Promise<R>): Promise<R>;
  /** Runs one statement with `$1`, `$2`… in the transaction, and returns its rows. */
  query(tx: Tx, sql: string, parameters: readonly unknown[]): Promise<readonly SqlRow[]>;
}
