import { InvalidOptionError } from '../kernel/invalid-option-error.js';
import { checkKnownOptions, integerOption, LONGEST_TIMER_MS } from '../kernel/options.js';
import type { ModelId } from '../projection/store/model-id.js';
import type { ProjectionStore, ProjectionTransaction } from '../projection/store/projection-store.js';
import type { RowTables } from '../projection/store/row-tables.js';
import { boundedTransactions } from './bounded-transactions.js';
import { CheckpointRows } from './checkpoint-rows.js';
import { createTables } from './create-tables.js';
import { ModelTransactions } from './model-transactions.js';
import { ParkedRows } from './parked-rows.js';
import { PostgresRows } from './postgres-rows.js';
import type { SqlDatabase } from './sql-database.js';
import { SqlSession } from './sql-session.js';
import { isTransientError } from './transient-errors.js';

/** Options of {@link postgresProjectionStore}. */
export interface PostgresProjectionStoreOptions {
  /**
   * Whether each model has a schema of its own, so that a new one is built while readers see the old one. The
   * role then needs the right to create schemas in the database. With `false` the tables are where `setUp`
   * creates them, and a rebuild happens in place: readers see it.
   *
   * @default true
   */
  readonly schemas?: boolean | undefined;
  /**
   * How long a transaction may leave the server without a statement, in milliseconds, at least 1,000. Then
   * PostgreSQL rolls it back and closes its connection, and the projection tries again. This bounds how long a
   * process that is frozen, or whose machine is gone, keeps others from taking over. A handler that waits for
   * anything but the database must be done earlier.
   *
   * @default 10_000
   */
  readonly idleTransactionMs?: number | undefined;
}

const KNOWN = ['schemas', 'idleTransactionMs'];

/**
 * Keeps read models in PostgreSQL. The checkpoints are stored beside them in the table
 * `jetsource_checkpoint`, so that both are committed in one transaction. The store's own tables are created
 * at first use, and older ones are brought up to date. Handlers get the driver's own transaction. Use one
 * store for all projections of a database.
 *
 * Each version of a projection has tables of its own, in a schema such as `orders_v2`: in transactions the
 * `search_path` begins with it, so that names without a schema are those of the version. Readers use views
 * of the same names in the schema of the store's own tables. They show the version that serves, and another
 * one from one moment to the next. They cannot be written to.
 *
 * A projection that an earlier release has built without schemas goes on where it is. Its tables have the names
 * that views of its next version need: rename or drop them when that version is built.
 *
 * Rows of projections in row style are read and written as JSON: numbers of more than 15 digits (`bigint`,
 * `numeric`) lose digits, so keep them in columns of type `text`; dates are ISO texts. A column that a row
 * does not have becomes null, even where the table has a default for it. Generated and identity columns are
 * left out.
 *
 * @param database An adapter of a driver, such as {@link pglite} or {@link nodePostgres}.
 * @throws {@link InvalidOptionError} when it is no adapter, such as a driver itself.
 * @example
 * const models = postgresProjectionStore(nodePostgres(process.env.DATABASE_URL));
 * const summary = defineProjection({ name: 'order-summary', store: models, … });
 */
export function postgresProjectionStore<Tx>(
  database: SqlDatabase<Tx>,
  options: PostgresProjectionStoreOptions = {},
): ProjectionStore<Tx> {
  checkDatabase(database);
  checkKnownOptions(options, KNOWN);
  const { schemas = true } = options;
  if (typeof schemas !== 'boolean') {
    throw new InvalidOptionError({ option: 'schemas', given: schemas, allowed: 'true or false' });
  }
  const idleMs = integerOption('idleTransactionMs', options.idleTransactionMs, {
    fallback: 10_000,
    min: 1_000,
    max: LONGEST_TIMER_MS,
  });
  return new PostgresProjectionStore(boundedTransactions(database, idleMs), schemas);
}

class PostgresProjectionStore<Tx> implements ProjectionStore<Tx> {
  readonly rows: RowTables<Tx>;
  readonly #database: SqlDatabase<Tx>;
  readonly #models: ModelTransactions<Tx> | undefined;
  #home: Promise<string> | undefined;

  constructor(database: SqlDatabase<Tx>, schemas: boolean) {
    this.#database = database;
    const models = schemas ? new ModelTransactions(database) : undefined;
    this.#models = models;
    this.rows = new PostgresRows(database, (tx) => models?.schemaOf(tx) ?? '');
  }

  /** Stored in the database, so that its copy has the same one. */
  async identity(): Promise<string> {
    const home = await (this.#home ??= this.#create());
    return this.#database.transaction(async (tx) => {
      const session = new SqlSession(this.#database, tx, home);
      const [row] = await session.query(`select id from ${session.own('jetsource_database')}`);
      return String(row?.['id']);
    });
  }

  isTransient(error: unknown): boolean {
    return isTransientError(error);
  }

  async transact<R>(
    model: ModelId | undefined,
    work: (transaction: ProjectionTransaction<Tx>) => Promise<R>,
  ): Promise<R> {
    const home = await (this.#home ??= this.#create());
    if (this.#models !== undefined) {
      return this.#models.transact({ model, home }, (session, models) => work(partsOf(session, models)));
    }
    return this.#database.transaction((tx) =>
      work(partsOf(new SqlSession(this.#database, tx, home), undefined)),
    );
  }

  async #create(): Promise<string> {
    try {
      return await createTables(this.#database);
    } catch (error) {
      // the next transaction tries again
      this.#home = undefined;
      throw error;
    }
  }
}

function partsOf<Tx>(
  session: SqlSession<Tx>,
  models: ProjectionTransaction<Tx>['models'],
): ProjectionTransaction<Tx> {
  return {
    tx: session.tx,
    checkpoints: new CheckpointRows(session),
    parked: new ParkedRows(session),
    models,
  };
}

function checkDatabase(database: Partial<SqlDatabase<unknown>> | undefined): void {
  const isAdapter = typeof database?.transaction === 'function' && typeof database.query === 'function';
  // a PGlite database has both methods, but not with these parameters
  if (isAdapter && !('waitReady' in database)) return;
  const allowed = 'an SqlDatabase { transaction, query }, such as pglite(db) or nodePostgres(pool)';
  throw new InvalidOptionError({ option: 'database', given: database, allowed });
}
