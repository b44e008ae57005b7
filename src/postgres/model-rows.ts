import { FIRST_BUILD, type ModelId } from '../projection/store/model-id.js';
import type { ModelState, ModelTable, StoredModel } from '../projection/store/model-table.js';
import { modelSchema } from './model-schema.js';
import { ModelNotFoundError, NameTakenError } from './postgres-errors.js';
import { serveViews } from './reader-views.js';
import type { SqlSession } from './sql-session.js';
import { quoteName } from './sql-text.js';

/** The tables of a transaction's own model, when it begins. */
export type ModelPlace =
  /** In a schema of their own. */
  | { readonly schema: string }
  /** Where an earlier release, or a store without schemas, has built them: as the session finds them. */
  | 'in-place'
  /** Nowhere: the model does not stand in the database. */
  | 'missing';

const OF_MODEL = 'projection = $1 and version = $2 and build = $3';

/** The rows of `jetsource_model` and the schemas of models as a transaction sees them. */
export class ModelRows implements ModelTable {
  readonly #session: SqlSession;
  readonly #models: string;
  readonly #checkpoints: string;
  readonly #parked: string;
  /** Called with a model that is there now, and its schema; undefined for one that was built in place. */
  readonly #onCreated: (model: ModelId, schema: string | undefined) => Promise<void>;

  constructor(session: SqlSession, onCreated: (model: ModelId, schema: string | undefined) => Promise<void>) {
    this.#session = session;
    this.#models = session.own('jetsource_model');
    this.#checkpoints = session.own('jetsource_checkpoint');
    this.#parked = session.own('jetsource_parked_event');
    this.#onCreated = onCreated;
  }

  /** Without models that an earlier release has built in place: {@link list} adds them. */
  async find(projection: string): Promise<StoredModel[]> {
    return modelsOf(projection, await this.#rowsOf(projection, ''));
  }

  async list(projection: string): Promise<StoredModel[]> {
    await this.#adopt(projection);
    return modelsOf(projection, await this.#rowsOf(projection, 'for update'));
  }

  /**
   * Creates the schema of the model as well.
   *
   * @throws {@link NameTakenError} when a schema of that name exists already, and is of no model.
   */
  async create(model: ModelId): Promise<void> {
    await this.#adopt(model.projection);
    const schema = modelSchema(model, this.#session.home);
    const inserted = await this.#session.query(
      `insert into ${this.#models} (projection, version, build, state, schema_name)
values ($1, $2, $3, 'building', $4) on conflict do nothing returning 1`,
      [...valuesOf(model), schema],
    );
    if (inserted.length === 0) {
      const place = await this.locate(model);
      return this.#onCreated(model, typeof place === 'object' ? place.schema : undefined);
    }
    const found = await this.#session.query('select 1 from pg_namespace where nspname = $1', [schema]);
    if (found.length > 0) {
      throw new NameTakenError({ projection: model.projection, taken: schema, by: 'another schema' });
    }
    await this.#session.query(`create schema ${quoteName(schema)}`);
    await this.#onCreated(model, schema);
  }

  /**
   * Creates or replaces views in the schema of the store's own tables, one for each table and view of the
   * model, under the same name. Views of the projection's earlier model that have no table any more are
   * dropped. Rights that were granted on views are kept. The views are for reading only.
   *
   * Does nothing where they are as they should be, so it can be repeated, and has to be after a `setUp` that
   * adds tables or columns to the model that serves. A reader that holds a view in a long transaction is waited
   * for, 2 s at most, since new readers wait as well; the error then is transient.
   *
   * @throws {@link NameTakenError} when something else has the name of a view.
   * @throws {@link ViewInUseError} when something depends on a view whose columns change.
   * @throws {@link ModelNotFoundError} when there is no such model.
   */
  async serve(model: ModelId): Promise<void> {
    const { projection } = model;
    await this.#adopt(projection);
    const rows = await this.#rowsOf(projection, 'for update');
    const row = rows.find(({ version, build }) => version === model.version && build === model.build);
    if (row === undefined) throw new ModelNotFoundError(model);
    await serveViews(this.#session, { projection, schema: row.schema });
    if (row.state === 'serving') return;
    await this.#session.query(
      `update ${this.#models} set state = 'retired' where projection = $1 and state = 'serving'`,
      [projection],
    );
    await this.#session.query(
      `update ${this.#models} set state = 'serving', served_at = now() where ${OF_MODEL}`,
      valuesOf(model),
    );
  }

  /**
   * Drops the schema of the model with all that is in it. A model that was built in place has none: its tables
   * are left.
   */
  async drop(model: ModelId): Promise<void> {
    const [row] = await this.#session.query(
      `delete from ${this.#models} where ${OF_MODEL} and state <> 'serving' returning schema_name`,
      valuesOf(model),
    );
    if (row === undefined) return;
    // before the tables, as owners lock them: a transaction of an owner is waited for
    await this.#session.query(`delete from ${this.#checkpoints} where ${OF_MODEL}`, valuesOf(model));
    await this.#session.query(`delete from ${this.#parked} where ${OF_MODEL}`, valuesOf(model));
    const { schema_name: schema } = row;
    if (typeof schema === 'string') {
      await this.#session.query(`drop schema if exists ${quoteName(schema)} cascade`);
    }
  }

  /** Where the tables of a model are. */
  async locate(model: ModelId): Promise<ModelPlace> {
    const [row] = await this.#session.query(
      `select
  (select schema_name from ${this.#models} where ${OF_MODEL}) as schema_name,
  exists (select from ${this.#models} where ${OF_MODEL})
    or exists (select from ${this.#checkpoints} where ${OF_MODEL}) as is_there`,
      valuesOf(model),
    );
    if (typeof row?.['schema_name'] === 'string') return { schema: row['schema_name'] };
    return row?.['is_there'] === true ? 'in-place' : 'missing';
  }

  async #rowsOf(projection: string, lock: 'for update' | ''): Promise<ModelRow[]> {
    const rows = await this.#session.query(
      `select version, build, state, schema_name from ${this.#models}
where projection = $1 order by version, build ${lock}`,
      [projection],
    );
    return rows.map((row) => ({
      version: Number(row['version']),
      build: Number(row['build']),
      state: row['state'] as ModelState,
      schema: typeof row['schema_name'] === 'string' ? row['schema_name'] : undefined,
    }));
  }

  /**
   * Checkpoints without a model are those of models that were built in place. They are added as models
   * without a schema. Readers see all of them; the newest counts as the one that serves.
   */
  async #adopt(projection: string): Promise<void> {
    await this.#session.query(
      `insert into ${this.#models} (projection, version, build, state, served_at)
select c.projection, c.version, ${FIRST_BUILD},
  case when c.version = max(c.version) over ()
    and not exists (select from ${this.#models} where projection = $1 and state = 'serving')
  then 'serving' else 'retired' end, now()
from (
  select distinct projection, version from ${this.#checkpoints} c
  where projection = $1 and build = ${FIRST_BUILD} and not exists (
    select from ${this.#models} m where m.projection = c.projection and m.version = c.version and m.build = c.build
  )
) c on conflict do nothing`,
      [projection],
    );
  }
}

interface ModelRow {
  readonly version: number;
  readonly build: number;
  readonly state: ModelState;
  /** Undefined for a model that was built in place. */
  readonly schema: string | undefined;
}

function modelsOf(projection: string, rows: readonly ModelRow[]): StoredModel[] {
  return rows.map(({ version, build, state }) => ({ projection, version, build, state }));
}

function valuesOf({ projection, version, build }: ModelId): unknown[] {
  return [projection, version, build];
}
