import type { Checkpoint, CheckpointKey } from '../../src/projection/checkpoint.js';
import type { CheckpointTable, ProjectionStore } from '../../src/projection/projection-store.js';

/** The model that the tests' handlers write. */
export type Model = Map<string, number>;

/** A database in memory: one transaction at a time, all or nothing, with accidents on order. */
export class MemoryProjectionStore implements ProjectionStore<Model> {
  model: Model = new Map();
  checkpoints = new Map<string, Checkpoint>();
  /** Transactions that were committed. */
  commits = 0;
  /** Each next transaction takes one of these: fails before, or after it is committed. */
  readonly accidents: ('before' | 'after')[] = [];
  /** Runs once, between a transaction's begin and its work. */
  meanwhile: (() => void) | undefined;
  #queue: Promise<unknown> = Promise.resolve();

  transact<R>(work: (tx: Model, checkpoints: CheckpointTable) => Promise<R>): Promise<R> {
    const done = this.#queue.then(() => this.#transact(work));
    this.#queue = done.catch(() => undefined);
    return done;
  }

  checkpoint(projection: string, version = 1): Checkpoint | undefined {
    return this.checkpoints.get(keyOf({ projection, version }));
  }

  async #transact<R>(work: (tx: Model, checkpoints: CheckpointTable) => Promise<R>): Promise<R> {
    const accident = this.accidents.shift();
    if (accident === 'before') throw new TypeError('the database is down');
    this.meanwhile?.();
    this.meanwhile = undefined;
    const model = new Map(this.model);
    const checkpoints = new Map(this.checkpoints);
    const result = await work(model, tableOf(checkpoints));
    this.model = model;
    this.checkpoints = checkpoints;
    this.commits += 1;
    if (accident === 'after') throw new TypeError('the connection broke during the commit');
    return result;
  }
}

function tableOf(checkpoints: Map<string, Checkpoint>): CheckpointTable {
  return {
    find: (key) => Promise.resolve(checkpoints.get(keyOf(key))),
    replace: (previous, next) => {
      const stored = checkpoints.get(keyOf(next));
      const same = stored?.epoch === previous?.epoch && stored?.position === previous?.position;
      if (same) checkpoints.set(keyOf(next), next);
      return Promise.resolve(same);
    },
  };
}

function keyOf(key: CheckpointKey): string {
  return `${key.projection}/${key.version}`;
}
