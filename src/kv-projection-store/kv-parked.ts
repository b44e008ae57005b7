import { comparePositions, type Position } from '../event/position.js';
import type { ModelId } from '../projection/store/model-id.js';
import type { ParkedEvent, ParkedTable } from '../projection/store/parked-table.js';
import { parkedKey, parkedOf } from './bucket-keys.js';
import type { KvTransaction } from './kv-transaction.js';

const utf8 = new TextEncoder();

/** The parked events in a bucket. */
export class KvParked implements ParkedTable {
  readonly #tx: KvTransaction;

  constructor(tx: KvTransaction) {
    this.#tx = tx;
  }

  async add(model: ModelId, event: ParkedEvent): Promise<void> {
    const key = parkedKey(model, event.position);
    await this.#tx.read([key]);
    this.#tx.put(key, utf8.encode(JSON.stringify(event)));
  }

  async list(model: ModelId): Promise<ParkedEvent[]> {
    const keys = await this.#tx.keys(parkedOf(model));
    const entries = await this.#tx.read(keys);
    return keys
      .map((key) => entries.get(key)?.value)
      .filter((value) => value !== undefined)
      .map(toParked)
      .toSorted((a, b) => comparePositions(a.position, b.position));
  }

  async remove(model: ModelId, position: Position): Promise<boolean> {
    const key = parkedKey(model, position);
    const entries = await this.#tx.read([key]);
    if (entries.get(key)?.value === undefined) return false;
    this.#tx.put(key, undefined);
    return true;
  }

  async clear(model: ModelId): Promise<void> {
    this.#tx.purge(parkedOf(model));
  }
}

function toParked(value: Uint8Array): ParkedEvent {
  const stored = JSON.parse(Buffer.from(value).toString()) as ParkedEvent & { readonly parkedAt: string };
  return { ...stored, parkedAt: new Date(stored.parkedAt) };
}
