import type { Checkpoint, CheckpointKey } from './checkpoint.js';

/** The checkpoints as one transaction sees them. */
export interface CheckpointTable {
  /**
   * The stored checkpoint; undefined when the projection never ran.
   *
   * @throws {@link CorruptCheckpointError} when what is stored cannot be read.
   */
  find(key: CheckpointKey): Promise<Checkpoint | undefined>;
  /**
   * Writes `next` if the stored checkpoint of that key has the epoch and the position of `previous`
   * (`undefined`: if none is stored), and locks it until the transaction ends. Otherwise writes nothing and
   * returns false.
   */
  replace(previous: Checkpoint | undefined, next: Checkpoint): Promise<boolean>;
}

/**
 * The database of a read model. It commits what handlers write and the checkpoint in one transaction. `Tx` is
 * what handlers write through. To support another database, implement this one method.
 */
export interface ProjectionStore<Tx> {
  /**
   * Runs `work` in a transaction, and commits when it resolves. Rejects with the error that `work` rejected
   * with, or with the database's own error when it cannot commit. Nothing is written then, except when the
   * connection broke during the commit: then it may have been.
   */
  transact<R>(work: (tx: Tx, checkpoints: CheckpointTable) => Promise<R>): Promise<R>;
}
