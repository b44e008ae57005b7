import type { Checkpoint, CheckpointKey } from './checkpoint.js';

/** The checkpoints as one transaction sees them. */
export interface CheckpointTable {
  /** The checkpoint as it stands; undefined when the projection never ran. */
  find(key: CheckpointKey): Promise<Checkpoint | undefined>;
  /**
   * Writes `next` where the stored checkpoint still has the epoch and the position of `previous` (`undefined`: where none is stored),
   * and keeps others from writing it until the transaction ends. False, and nothing written, where it has not.
   */
  replace(previous: Checkpoint | undefined, next: Checkpoint): Promise<boolean>;
}

/**
 * The database of a read model: it commits what handlers write and the checkpoint in one transaction. `Tx` is what handlers write
 * through. An adapter is made of this one method, so that what claims, fences and resets checkpoints is written once.
 */
export interface ProjectionStore<Tx> {
  /**
   * Runs `work` in a transaction of its own: commits all it wrote when it resolves. Rejects with the error that `work` rejected with, and
   * with the database's own where it could not commit; nothing is written then, or, where the connection broke during the commit, it
   * may have been.
   */
  transact<R>(work: (tx: Tx, checkpoints: CheckpointTable) => Promise<R>): Promise<R>;
}
