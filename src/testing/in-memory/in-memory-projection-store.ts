import { randomUUID } from 'node:crypto';
import { comparePositions } from '../../event/position.js';
import { InvalidOptionError } from '../../kernel/invalid-option-error.js';
import type { Checkpoint, CheckpointKey } from '../../projection/store/checkpoint.js';
import type { CheckpointTable } from '../../projection/store/checkpoint-table.js';
import { FIRST_BUILD, type ModelId } from '../../projection/store/model-id.js';
import type { ParkedEvent, ParkedTable } from '../../projection/store/parked-table.js';
import type { ProjectionStore, ProjectionTransaction } from '../../projection/store/projection-store.js';
import type { Row, RowChanges, RowSelection, RowTables } from '../../projection/store/row-tables.js';

/**
 * A database for the projections of a test: a model in memory that handlers change in place, and the
 * checkpoints beside it. As in a real database, a transaction is written as a whole or not at all, and they
 * run one after the other.
 *
 * @param model The model before the first event, of what `structuredClone` copies: maps, sets, lists, plain
 * objects. Projections in row style need none: see {@link InMemoryProjectionStore.table}.
 * @throws {@link InvalidOptionError} when the model is no object.
 * @example
 * const store = inMemoryProjectionStore(new Map<string, number>());
 * const orderCount = defineProjection({
 *   name: 'order-count',
 *   store,
 *   clear: async (model) => model.clear(),
 *   events: { OrderPlaced },
 *   on: {
 *     OrderPlaced: ({ data }, model) => {
 *       model.set(data.customer, (model.get(data.customer) ?? 0) + 1);
 *     },
 *   },
 * });
 * expect(store.model.get('ada')).toBe(1);
 */
export function inMemoryProjectionStore<Model extends object>(
  model: Model = {} as Model,
): InMemoryProjectionStore<Model> {
  if (typeof model !== 'object' || model === null) {
    throw new InvalidOptionError({ option: 'model', given: model, allowed: 'an object, such as new Map()' });
  }
  return new InMemoryProjectionStore({ ...EMPTY, id: randomUUID(), model: structuredClone(model) });
}

/** All that the store holds. A transaction works on a copy. */
interface Content<Model> {
  readonly id: string;
  readonly model: Model;
  readonly checkpoints: Map<string, Checkpoint>;
  readonly parked: Map<string, Map<string, ParkedEvent>>;
  readonly tables: Map<string, Map<string, Row>>;
}

const EMPTY = { checkpoints: new Map(), parked: new Map(), tables: new Map() };

/** What {@link inMemoryProjectionStore} returns. */
export class InMemoryProjectionStore<Model extends object> implements ProjectionStore<Model> {
  readonly rows: RowTables<Model>;
  #content: Content<Model>;
  #open: Content<Model>;
  #queue: Promise<unknown> = Promise.resolve();

  /** @internal */
  constructor(content: Content<Model>) {
    this.#content = content;
    this.#open = content;
    this.rows = rowsOf(() => this.#open.tables);
  }

  /** The committed model. It is another object after each transaction, so read it after the wait. */
  get model(): Model {
    return this.#content.model;
  }

  /** The committed rows of a table that a projection in row style writes, by key. */
  table(name: string): ReadonlyMap<string, Row> {
    return this.#content.tables.get(name) ?? new Map();
  }

  /** The committed rows of all tables that projections in row style have written, by name and key. */
  get tables(): ReadonlyMap<string, ReadonlyMap<string, Row>> {
    return this.#content.tables;
  }

  /**
   * The committed checkpoint of a projection; undefined when it never ran. Version 1, build 1 and lane 0 unless
   * given.
   */
  checkpoint(
    projection: string,
    { version = 1, build = FIRST_BUILD, lane = 0 }: Partial<CheckpointKey> = {},
  ): Checkpoint | undefined {
    return this.#content.checkpoints.get(keyOf({ projection, version, build, lane }));
  }

  /** Another store with the committed state: what a process that starts after a crash would find. */
  copy(): InMemoryProjectionStore<Model> {
    return new InMemoryProjectionStore(copyOf(this.#content));
  }

  /** New with each store; a {@link copy} has the one of its original. */
  async identity(): Promise<string> {
    return this.#content.id;
  }

  /** Runs `work` on a copy of the content, which replaces the content when it resolves. */
  async transact<R>(
    _model: ModelId | undefined,
    work: (transaction: ProjectionTransaction<Model>) => Promise<R>,
  ): Promise<R> {
    const done = this.#queue.then(() => this.#transact(work));
    this.#queue = done.catch(() => undefined);
    return done;
  }

  async #transact<R>(work: (transaction: ProjectionTransaction<Model>) => Promise<R>): Promise<R> {
    const open = copyOf(this.#content);
    this.#open = open;
    const result = await work({
      tx: open.model,
      checkpoints: checkpointsIn(open.checkpoints),
      parked: parkedIn(open.parked),
      models: undefined,
    });
    this.#content = open;
    return result;
  }
}

/** Checkpoints, parked events and rows are replaced as a whole, so that they need no copies. */
function copyOf<Model>({ id, model, checkpoints, parked, tables }: Content<Model>): Content<Model> {
  return {
    id,
    model: structuredClone(model),
    checkpoints: new Map(checkpoints),
    parked: copyOfMaps(parked),
    tables: copyOfMaps(tables),
  };
}

function copyOfMaps<V>(maps: Map<string, Map<string, V>>): Map<string, Map<string, V>> {
  return new Map([...maps].map(([key, map]) => [key, new Map(map)]));
}

function checkpointsIn(checkpoints: Map<string, Checkpoint>): CheckpointTable {
  const isStored = (expected: Checkpoint | undefined, key: CheckpointKey): boolean => {
    const stored = checkpoints.get(keyOf(key));
    return stored?.epoch === expected?.epoch && stored?.position === expected?.position;
  };
  return {
    find: async (key) => checkpoints.get(keyOf(key)),
    list: async (model) =>
      [...checkpoints.values()]
        .filter((checkpoint) => modelKeyOf(checkpoint) === modelKeyOf(model))
        .toSorted((a, b) => a.lane - b.lane),
    replace: async (previous, next) => {
      if (!isStored(previous, next)) return false;
      checkpoints.set(keyOf(next), next);
      return true;
    },
    remove: async (previous) => isStored(previous, previous) && checkpoints.delete(keyOf(previous)),
  };
}

function parkedIn(parked: Content<unknown>['parked']): ParkedTable {
  const of = (model: ModelId): Map<string, ParkedEvent> => parked.get(modelKeyOf(model)) ?? new Map();
  return {
    add: async (model, event) => {
      parked.set(modelKeyOf(model), new Map([...of(model), [event.position, event]]));
    },
    list: async (model) =>
      [...of(model).values()].toSorted((a, b) => comparePositions(a.position, b.position)),
    remove: async (model, position) => of(model).delete(position),
    clear: async (model) => {
      parked.delete(modelKeyOf(model));
    },
  };
}

function rowsOf<Tx>(tables: () => Content<Tx>['tables']): RowTables<Tx> {
  const of = (table: string): Map<string, Row> => tables().get(table) ?? new Map();
  return {
    load: async (_tx, { table, keys }: RowSelection) => {
      const rows = of(table);
      return new Map(keys.filter((key) => rows.has(key)).map((key) => [key, rows.get(key) as Row]));
    },
    save: async (_tx, { table, keyColumn, upserts, deletes }: RowChanges) => {
      const rows = of(table);
      for (const row of upserts) rows.set(String(row[keyColumn]), row);
      for (const key of deletes) rows.delete(key);
      tables().set(table, rows);
    },
    clear: async (_tx, table) => {
      tables().delete(table);
    },
  };
}

function modelKeyOf({ projection, version, build }: ModelId): string {
  return `${projection}/${version}/${build}`;
}

function keyOf(key: CheckpointKey): string {
  return `${modelKeyOf(key)}/${key.lane}`;
}
