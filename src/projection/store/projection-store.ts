import type { CheckpointTable } from './checkpoint-table.js';
import type { ModelId } from './model-id.js';
import type { ModelTable } from './model-table.js';
import type { ParkedTable } from './parked-table.js';
import type { RowTables } from './row-tables.js';

/** A transaction on the database of a read model. All that is done by way of it is committed together. */
export interface ProjectionTransaction<Tx> {
  /** The driver's own transaction, which handlers write through. */
  readonly tx: Tx;
  readonly checkpoints: CheckpointTable;
  readonly parked: ParkedTable;
  /** Undefined in a store that keeps one model for each version: a rebuild then happens in place. */
  readonly models: ModelTable | undefined;
}

/**
 * The database of read models. It commits what handlers write and the checkpoint in one transaction. `Tx` is
 * what handlers write through.
 */
export interface ProjectionStore<Tx> {
  /** Reads and writes whole rows; undefined in a store that cannot. */
  readonly rows?: RowTables<Tx> | undefined;
  /**
   * What distinguishes the database from others: letters, digits, `-` and `_`, 64 at most. Processes that have
   * the same one share the projections in it, and each of its projections is run by one of them. A process with a
   * database of its own runs all of them.
   *
   * @default one that all such stores have
   */
  identity?(): Promise<string>;
  /**
   * Whether an error of the database, which a handler may have passed on, goes away by itself: a lost
   * connection, a deadlock. The work is then repeated for as long as it takes.
   *
   * @default errors that reach a handler count as its own; those outside of handlers are waited out
   */
  isTransient?(error: unknown): boolean;
  /**
   * Runs `work` in a transaction, and commits when it resolves. Rejects with the error that `work` rejected
   * with, or with the database's own error when it cannot commit. Nothing is written then, except when the
   * connection broke during the commit: then it may have been.
   *
   * @param model Whose tables `tx` reads and writes, where the store keeps models side by side; undefined for
   * work on the store's own tables only.
   */
  transact<R>(
    model: ModelId | undefined,
    work: (transaction: ProjectionTransaction<Tx>) => Promise<R>,
  ): Promise<R>;
}
