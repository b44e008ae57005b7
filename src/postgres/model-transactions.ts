import type { ModelId } from '../projection/store/model-id.js';
import { ModelRows } from './model-rows.js';
import { pathStatement } from './model-schema.js';
import { ModelNotFoundError } from './postgres-errors.js';
import type { SqlDatabase } from './sql-database.js';
import { SqlSession } from './sql-session.js';
import { sqlStateOf } from './transient-errors.js';

/** SQLSTATE of {@link pathStatement} when the schema is gone. */
const NO_SUCH_SCHEMA = '3F000';

/** The model of a transaction, and the schema of the store's own tables. */
export interface TransactionPlace {
  /** Undefined for a transaction on the store's own tables only. */
  readonly model: ModelId | undefined;
  readonly home: string;
}

type Work<Tx, R> = (session: SqlSession<Tx>, models: ModelRows) => Promise<R>;

/**
 * Runs transactions whose unqualified names are those of a model: the `search_path` begins with its schema. The
 * schema of a model is looked up once. From then on it costs one statement in each transaction, which is sent
 * together with BEGIN where the driver can do that.
 */
export class ModelTransactions<Tx> {
  readonly #database: SqlDatabase<Tx>;
  /** By model. Those that were built in place are looked up each time, since they may get a schema. */
  readonly #schemas = new Map<string, string>();
  /** A client of a pool runs many transactions, one after the other. */
  readonly #schemaByTx = new WeakMap<object, string>();

  constructor(database: SqlDatabase<Tx>) {
    this.#database = database;
  }

  /** The schema that names in a transaction find first; empty for the session's own. */
  schemaOf(tx: Tx): string {
    return (typeof tx === 'object' && tx !== null && this.#schemaByTx.get(tx)) || '';
  }

  /**
   * @throws {@link ModelNotFoundError} when the model does not stand in the database, unless `work` creates it.
   */
  async transact<R>(place: TransactionPlace, work: Work<Tx, R>): Promise<R> {
    const { model } = place;
    if (model === undefined) return this.#plain(place, work);
    const schema = this.#schemas.get(keyOf(model));
    return schema === undefined
      ? this.#plain(place, (session, models) => this.#locate(model, { session, models, work }))
      : this.#known(schema, { model, home: place.home, work });
  }

  async #plain<R>({ home }: TransactionPlace, work: Work<Tx, R>): Promise<R> {
    return this.#database.transaction((tx) => this.#run(tx, { home, work }));
  }

  async #known<R>(
    schema: string,
    { model, home, work }: { model: ModelId; home: string; work: Work<Tx, R> },
  ): Promise<R> {
    const statement = pathStatement(schema);
    let hasBegun = false;
    const begun = async (tx: Tx): Promise<R> => {
      hasBegun = true;
      return this.#run(tx, { home, schema, work });
    };
    try {
      if (this.#database.transactionWith !== undefined) {
        return await this.#database.transactionWith(statement, begun);
      }
      return await this.#database.transaction(async (tx) => {
        await this.#database.query(tx, statement, []);
        return begun(tx);
      });
    } catch (error) {
      if (hasBegun || sqlStateOf(error) !== NO_SUCH_SCHEMA) throw error;
      // somebody has dropped the model, and may have created it again or let `work` do so
      this.#schemas.delete(keyOf(model));
      return this.transact({ model, home }, work);
    }
  }

  async #run<R>(
    tx: Tx,
    { home, schema = '', work }: { home: string; schema?: string; work: Work<Tx, R> },
  ): Promise<R> {
    this.#noteSchema(tx, schema);
    const session = new SqlSession(this.#database, tx, home);
    return work(session, new ModelRows(session, async () => undefined));
  }

  /** The first transaction of a model in this process. */
  async #locate<R>(
    model: ModelId,
    { session, models, work }: { session: SqlSession<Tx>; models: ModelRows; work: Work<Tx, R> },
  ): Promise<R> {
    const place = await models.locate(model);
    if (place === 'in-place') return work(session, models);
    if (place === 'missing') return this.#create(model, { session, work });
    await this.#enter(session, place);
    const result = await work(session, models);
    this.#schemas.set(keyOf(model), place.schema);
    return result;
  }

  /** Until `work` creates the model, no name is found without a schema. */
  async #create<R>(
    model: ModelId,
    { session, work }: { session: SqlSession<Tx>; work: Work<Tx, R> },
  ): Promise<R> {
    const [row] = await session.query(
      `select current_setting('search_path') as path, set_config('search_path', '', true)`,
    );
    let isCreated = false;
    const path = String(row?.['path']);
    const models = new ModelRows(session, async (created, place) => {
      if (keyOf(created) !== keyOf(model)) return;
      isCreated = true;
      await (place === undefined
        ? session.query(`select set_config('search_path', $1, true)`, [path])
        : this.#enter(session, { schema: place, path }));
    });
    try {
      const result = await work(session, models);
      if (isCreated) return result;
    } catch (cause) {
      if (isCreated) throw cause;
      throw new ModelNotFoundError(model, { cause });
    }
    throw new ModelNotFoundError(model);
  }

  async #enter(session: SqlSession<Tx>, { schema, path }: { schema: string; path?: string }): Promise<void> {
    await session.query(
      pathStatement(schema, path === undefined ? undefined : '$1::text'),
      path === undefined ? [] : [path],
    );
    this.#noteSchema(session.tx, schema);
  }

  #noteSchema(tx: Tx, schema: string): void {
    if (typeof tx === 'object' && tx !== null) this.#schemaByTx.set(tx, schema);
  }
}

function keyOf({ projection, version, build }: ModelId): string {
  return `${projection}/${version}/${build}`;
}
