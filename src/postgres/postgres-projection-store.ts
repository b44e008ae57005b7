import { InvalidOptionError } from '../kernel/invalid-option-error.js';
import type { ModelId } from '../projection/store/model-id.js';
import type { ProjectionStore, ProjectionTransaction } from '../projection/store/projection-store.js';
import { CheckpointRows } from './checkpoint-rows.js';
import { createCheckpoints } from './create-checkpoints.js';
import type { SqlDatabase } from './sql-database.js';

/**
 * Keeps read models in PostgreSQL. The checkpoints are stored beside them in the table
 * `jetsource_checkpoint`, so that both are committed in one transaction. The table is created at first use,
 * and an older one is brought up to date. Handlers get the driver's own transaction. Use one store for all
 * projections of a database.
 *
 * @param database An adapter of a driver, such as {@link pglite}.
 * @throws {@link InvalidOptionError} when it is no adapter, such as a driver itself.
 * @example
 * const models = postgresProjectionStore(pglite(db));
 * const summary = defineProjection({ name: 'order-summary', store: models, … });
 */
export function postgresProjectionStore<Tx>(database: SqlDatabase<Tx>): ProjectionStore<Tx> {
  checkDatabase(database);
  return new PostgresProjectionStore(database);
}

class PostgresProjectionStore<Tx> implements ProjectionStore<Tx> {
  readonly #database: SqlDatabase<Tx>;
  #created: Promise<unknown> | undefined;

  constructor(database: SqlDatabase<Tx>) {
    this.#database = database;
  }

  async transact<R>(
    _model: ModelId | undefined,
    work: (transaction: ProjectionTransaction<Tx>) => Promise<R>,
  ): Promise<R> {
    await (this.#created ??= this.#create());
    return this.#database.transaction((tx) =>
      work({
        tx,
        checkpoints: new CheckpointRows(this.#database, tx),
        parked: undefined as never,
        models: undefined,
      }),
    );
  }

  async #create(): Promise<void> {
    try {
      await createCheckpoints(this.#database);
    } catch (error) {
      // the next transaction tries again
      this.#created = undefined;
      throw error;
    }
  }
}

function checkDatabase(database: Partial<SqlDatabase<unknown>> | undefined): void {
  const isAdapter = typeof database?.transaction === 'function' && typeof database.query === 'function';
  // a PGlite database has both methods, but not with these parameters
  if (isAdapter && !('waitReady' in database)) return;
  const allowed = 'an SqlDatabase { transaction, query }, such as pglite(db)';
  throw new InvalidOptionError({ option: 'database', given: database, allowed });
}
