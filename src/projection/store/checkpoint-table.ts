import type { Checkpoint, CheckpointKey } from './checkpoint.js';
import type { ModelId } from './model-id.js';

/** The checkpoints as one transaction sees them. */
export interface CheckpointTable {
  /**
   * The stored checkpoint; undefined when there is none.
   *
   * @throws {@link CorruptCheckpointError} when what is stored cannot be read.
   */
  find(key: CheckpointKey): Promise<Checkpoint | undefined>;
  /**
   * The checkpoints of all lanes of a model, by lane; locked until the transaction ends.
   *
   * @throws {@link CorruptCheckpointError} when what is stored cannot be read.
   */
  list(model: ModelId): Promise<Checkpoint[]>;
  /**
   * Writes `next` if the stored checkpoint of that key has the epoch and the position of `previous`
   * (`undefined`: if none is stored), and locks it until the transaction ends. Otherwise writes nothing and
   * returns false.
   */
  replace(previous: Checkpoint | undefined, next: Checkpoint): Promise<boolean>;
  /** Removes a checkpoint under the condition of {@link replace}. */
  remove(previous: Checkpoint): Promise<boolean>;
}
