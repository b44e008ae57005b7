import type { Checkpoint, CheckpointKey } from '../projection/store/checkpoint.js';
import type { CheckpointTable } from '../projection/store/checkpoint-table.js';
import type { ModelId } from '../projection/store/model-id.js';
import { checkpointsOf } from './bucket-keys.js';
import type { KvTransaction } from './kv-transaction.js';

/** The checkpoints in a bucket. Another writer's is found when the transaction is stored, which then fails. */
export class KvCheckpoints implements CheckpointTable {
  readonly #tx: KvTransaction;

  constructor(tx: KvTransaction) {
    this.#tx = tx;
  }

  async find(key: CheckpointKey): Promise<Checkpoint | undefined> {
    return this.#tx.findCheckpoint(key);
  }

  async list(model: ModelId): Promise<Checkpoint[]> {
    const keys = await this.#tx.keys(checkpointsOf(model));
    const lanes = keys.map((key) => Number(key.slice(key.lastIndexOf('.') + 1)));
    const found = await Promise.all(lanes.map(async (lane) => this.find({ ...model, lane })));
    return found.filter((checkpoint) => checkpoint !== undefined).toSorted((a, b) => a.lane - b.lane);
  }

  async replace(previous: Checkpoint | undefined, next: Checkpoint): Promise<boolean> {
    if (!(await this.#isStored(previous, next))) return false;
    await this.#tx.putCheckpoint(next);
    return true;
  }

  async remove(previous: Checkpoint): Promise<boolean> {
    if (!(await this.#isStored(previous, previous))) return false;
    this.#tx.removeCheckpoint(previous);
    return true;
  }

  async #isStored(expected: Checkpoint | undefined, key: CheckpointKey): Promise<boolean> {
    const stored = await this.find(key);
    return stored?.epoch === expected?.epoch && stored?.position === expected?.position;
  }
}
