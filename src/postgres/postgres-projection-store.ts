import type { CheckpointTable, ProjectionStore } from '../projection/projection-store.js';
import { CheckpointRows, CREATE_CHECKPOINTS } from './checkpoint-rows.js';
import type { SqlDatabase } from './sql-database.js';

/**
 * Keeps read models in PostgreSQL. The checkpoints stand beside them in the table `jetsource_checkpoint`, created at first use, so that both
 * are committed in one transaction. Handlers get the driver's own transaction. Use one store for all projections of a database.
 *
 * @example
 * const models = postgresProjectionStore(pglite(db));
 * const summary = defineProjection({ name: 'order-summary', store: models, … });
 */
export function postgresProjectionStore<Tx>(database: SqlDatabase<Tx>): ProjectionStore<Tx> {
  return new PostgresProjectionStore(database);
}

class PostgresProjectionStore<Tx> implements ProjectionStore<Tx> {
  readonly #database: SqlDatabase<Tx>;
  #created: Promise<unknown> | undefined;

  constructor(database: SqlDatabase<Tx>) {
    this.#database = database;
  }

  async transact<R>(work: (tx: Tx, checkpoints: CheckpointTable) => Promise<R>): Promise<R> {
    await (this.#created ??= this.#create());
    return this.#database.transaction((tx) => work(tx, new CheckpointRows(this.#database, tx)));
  }

  async #create(): Promise<void> {
    try {
      await this.#database.transaction((tx) => this.#database.query(tx, CREATE_CHECKPOINTS, []));
    } catch (error) {
      // the next transaction tries again
      this.#created = undefined;
      throw error;
    }
  }
}
