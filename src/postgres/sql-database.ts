/** A row as the driver returns it, by column. */
export type SqlRow = Readonly<Record<string, unknown>>;

/**
 * What the projection store needs of a PostgreSQL driver. `Tx` is the driver's own transaction, which
 * handlers get as it is.
 */
export interface SqlDatabase<Tx> {
  /**
   * Runs `work` between BEGIN and COMMIT. Rolls back when it rejects, and rejects with the same error. Also
   * rejects when the server rolled back instead of committing, which PostgreSQL reports as success.
   */
  transaction<R>(work: (tx: Tx) => Promise<R>): Promise<R>;
  /** Runs one statement with `$1`, `$2`… in the transaction, and returns its rows. */
  query(tx: Tx, sql: string, parameters: readonly unknown[]): Promise<readonly SqlRow[]>;
}
