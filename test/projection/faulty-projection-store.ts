import type { Checkpoint } from '../../src/projection/store/checkpoint.js';
import type { ModelId } from '../../src/projection/store/model-id.js';
import type { ProjectionStore, ProjectionTransaction } from '../../src/projection/store/projection-store.js';
import {
  type InMemoryProjectionStore,
  inMemoryProjectionStore,
} from '../../src/testing/in-memory/in-memory-projection-store.js';

/** The model that the handlers of these specs write. */
export type Model = Map<string, number>;

/** A database in memory that fails on request. */
export class FaultyProjectionStore implements ProjectionStore<Model> {
  /** Transactions that were committed. */
  commits = 0;
  /** Each transaction takes the next of these: it fails before it begins, or after it is committed. */
  readonly faults: ('before' | 'after' | undefined)[] = [];
  /** Runs once, between the begin of a transaction and its work. */
  meanwhile: (() => unknown) | undefined;
  readonly #database: InMemoryProjectionStore<Model>;

  constructor(database: InMemoryProjectionStore<Model> = inMemoryProjectionStore(new Map())) {
    this.#database = database;
  }

  async identity(): Promise<string> {
    return this.#database.identity();
  }

  get model(): Model {
    return this.#database.model;
  }

  checkpoint(projection: string, version = 1): Checkpoint | undefined {
    return this.#database.checkpoint(projection, { version });
  }

  /** A store with what is committed now, and no faults. */
  copy(): FaultyProjectionStore {
    return new FaultyProjectionStore(this.#database.copy());
  }

  async transact<R>(
    model: ModelId | undefined,
    work: (transaction: ProjectionTransaction<Model>) => Promise<R>,
  ): Promise<R> {
    const fault = this.faults.shift();
    if (fault === 'before') throw new TypeError('the database is down');
    const result = await this.#database.transact(model, async (transaction) => {
      const { meanwhile } = this;
      this.meanwhile = undefined;
      meanwhile?.();
      return work(transaction);
    });
    this.commits += 1;
    if (fault === 'after') throw new TypeError('the connection broke during the commit');
    return result;
  }
}
