import { InvalidOptionError } from '../../kernel/invalid-option-error.js';
import type { Checkpoint, CheckpointKey } from '../../projection/checkpoint/checkpoint.js';
import type { CheckpointTable, ProjectionStore } from '../../projection/checkpoint/projection-store.js';

/**
 * A database for the projections of a test: a model in memory that handlers change in place, and the
 * checkpoints beside it. As in a real database, a transaction is written as a whole or not at all, and they
 * run one after the other.
 *
 * @param model The model before the first event, of what `structuredClone` copies: maps, sets, lists, plain
 * objects.
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
export function inMemoryProjectionStore<Model extends object>(model: Model): InMemoryProjectionStore<Model> {
  if (typeof model !== 'object' || model === null) {
    throw new InvalidOptionError({ option: 'model', given: model, allowed: 'an object, such as new Map()' });
  }
  return new InMemoryProjectionStore(structuredClone(model));
}

/** What {@link inMemoryProjectionStore} returns. */
export class InMemoryProjectionStore<Model extends object> implements ProjectionStore<Model> {
  #model: Model;
  #checkpoints: ReadonlyMap<string, Checkpoint>;
  #queue: Promise<unknown> = Promise.resolve();

  /** @internal */
  constructor(model: Model, checkpoints: ReadonlyMap<string, Checkpoint> = new Map()) {
    this.#model = model;
    this.#checkpoints = checkpoints;
  }

  /** The committed model. It is another object after each transaction, so read it after the wait. */
  get model(): Model {
    return this.#model;
  }

  /**
   * The committed checkpoint of a projection; undefined when it never ran. Version 1 and lane 0 unless given.
   */
  checkpoint(
    projection: string,
    { version = 1, lane = 0 }: Partial<CheckpointKey> = {},
  ): Checkpoint | undefined {
    return this.#checkpoints.get(keyOf({ projection, version, lane }));
  }

  /** Another store with the committed state: what a process that starts after a crash would find. */
  copy(): InMemoryProjectionStore<Model> {
    return new InMemoryProjectionStore(structuredClone(this.#model), this.#checkpoints);
  }

  /** Runs `work` on a copy of the model, which replaces the model when it resolves. */
  async transact<R>(work: (tx: Model, checkpoints: CheckpointTable) => Promise<R>): Promise<R> {
    const done = this.#queue.then(() => this.#transact(work));
    this.#queue = done.catch(() => undefined);
    return done;
  }

  async #transact<R>(work: (tx: Model, checkpoints: CheckpointTable) => Promise<R>): Promise<R> {
    const model = structuredClone(this.#model);
    const checkpoints = new Map(this.#checkpoints);
    const result = await work(model, tableOf(checkpoints));
    this.#model = model;
    this.#checkpoints = checkpoints;
    return result;
  }
}

function tableOf(checkpoints: Map<string, Checkpoint>): CheckpointTable {
  return {
    find: async (key) => checkpoints.get(keyOf(key)),
    replace: async (previous, next) => {
      const stored = checkpoints.get(keyOf(next));
      const isExpected = stored?.epoch === previous?.epoch && stored?.position === previous?.position;
      if (isExpected) checkpoints.set(keyOf(next), next);
      return isExpected;
    },
  };
}

function keyOf({ projection, version, lane }: CheckpointKey): string {
  return `${projection}/${version}/${lane}`;
}
