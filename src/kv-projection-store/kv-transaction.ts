import type { Checkpoint } from '../projection/store/checkpoint.js';
import type { Bucket, Entry, Put } from './bucket.js';
import { checkpointKey } from './bucket-keys.js';
import { decodeCheckpoint, encodeCheckpoint, type StoredCheckpoint } from './stored-checkpoint.js';

/** A checkpoint to be written, and the revision that it takes the place of. */
interface CheckpointPut {
  readonly key: string;
  readonly checkpoint: Checkpoint;
  readonly revision: number;
}

/**
 * What handlers in row style write by way of: all of it is stored at the end. A bucket has no transactions of
 * its own. What fits in one batch is stored as a whole, checkpoint included. What does not is stored in several,
 * the checkpoint in the last one, so that what is repeated after a crash finds rows that hold its events.
 */
export class KvTransaction {
  readonly #bucket: Bucket;
  /** What was read, by key. */
  readonly #entries = new Map<string, Entry>();
  readonly #puts = new Map<string, Put>();
  readonly #checkpoints = new Map<string, CheckpointPut>();
  /** Filters of keys to be removed before anything is stored. */
  readonly #purges = new Set<string>();

  /** @internal */
  constructor(bucket: Bucket) {
    this.#bucket = bucket;
  }

  /** @internal The entries of these keys, as they were at the first read. */
  async read(keys: readonly string[]): Promise<ReadonlyMap<string, Entry>> {
    const unread = [...new Set(keys)].filter((key) => !this.#entries.has(key));
    const entries = await this.#bucket.read(unread);
    for (const [index, key] of unread.entries()) this.#entries.set(key, entries[index] as Entry);
    return this.#entries;
  }

  /** @internal An entry that was read. */
  entry(key: string): Entry | undefined {
    return this.#entries.get(key);
  }

  /** @internal The keys that match a filter. */
  async keys(filter: string): Promise<string[]> {
    return this.#bucket.keys(filter);
  }

  /** @internal To be stored; undefined deletes the key. It must have been read. */
  put(key: string, value: Uint8Array | undefined): void {
    this.#puts.set(key, { key, value, revision: this.#revisionOf(key) });
  }

  /** @internal Why a value of a key does not fit; undefined when it does. */
  misfit(key: string, value: Uint8Array): string | undefined {
    return this.#bucket.misfit({ key, value, revision: Number.MAX_SAFE_INTEGER });
  }

  /** @internal To be removed before anything is stored. */
  purge(filter: string): void {
    this.#purges.add(filter);
  }

  /** @internal A checkpoint as the bucket has it, or as it was put here. */
  async findCheckpoint(
    key: Checkpoint | Parameters<typeof checkpointKey>[0],
  ): Promise<Checkpoint | undefined> {
    const text = checkpointKey(key);
    return this.#checkpoints.get(text)?.checkpoint ?? (await this.#stored(key))?.checkpoint;
  }

  /** @internal To be stored after all else, in the place of what was read. */
  async putCheckpoint(checkpoint: Checkpoint): Promise<void> {
    const key = checkpointKey(checkpoint);
    // what another transaction had begun to clear is cleared first
    for (const filter of (await this.#stored(checkpoint))?.clearing ?? []) this.#purges.add(filter);
    this.#checkpoints.set(key, { key, checkpoint, revision: this.#revisionOf(key) });
  }

  /** @internal Deletes a checkpoint that was read. */
  removeCheckpoint(checkpoint: Checkpoint): void {
    const key = checkpointKey(checkpoint);
    this.#checkpoints.delete(key);
    this.put(key, undefined);
  }

  /** @internal */
  async commit(): Promise<void> {
    const checkpoints = this.#purges.size === 0 ? [...this.#checkpoints.values()] : await this.#clear();
    await this.#bucket.write([...this.#puts.values(), ...checkpoints.map((put) => toPut(put, []))]);
  }

  /**
   * Removes what is to be removed. A checkpoint that says so comes first: from then on a former owner stores
   * nothing, and after a crash the next one finishes it. Only what was stored before that is removed, so that
   * nobody removes the rows of a later owner.
   *
   * @returns the checkpoints that are to be stored when all is removed.
   */
  async #clear(): Promise<CheckpointPut[]> {
    const filters = [...this.#purges];
    const checkpoints = [...this.#checkpoints.values()];
    const sequences = await this.#bucket.write(checkpoints.map((put) => toPut(put, filters)));
    for (const filter of filters) await this.#bucket.purge(filter, sequences[0]);
    return checkpoints.map((put, index) => ({ ...put, revision: sequences[index] as number }));
  }

  async #stored(key: Parameters<typeof checkpointKey>[0]): Promise<StoredCheckpoint | undefined> {
    const text = checkpointKey(key);
    const value = (await this.read([text])).get(text)?.value;
    return value && decodeCheckpoint(key, value);
  }

  #revisionOf(key: string): number {
    return this.#entries.get(key)?.revision ?? 0;
  }
}

function toPut({ key, checkpoint, revision }: CheckpointPut, clearing: readonly string[]): Put {
  return { key, value: encodeCheckpoint({ checkpoint, clearing }), revision };
}
