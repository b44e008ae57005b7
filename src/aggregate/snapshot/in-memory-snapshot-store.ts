import type { StreamName } from '../../event/stream-name.js';
import { outdates, type Snapshot, type SnapshotStore } from './snapshot.js';

/**
 * Snapshots in the memory of this process, for tests and for services that seldom restart. Each one is kept
 * as JSON text, without a limit on their number.
 *
 * @example
 * const snapshots = { store: inMemorySnapshots(), every: 100 };
 * const orders = repository(store, order, { category: 'order', snapshots });
 */
export function inMemorySnapshots(): SnapshotStore {
  return new InMemorySnapshotStore();
}

class InMemorySnapshotStore implements SnapshotStore {
  readonly #snapshots = new Map<string, string>();

  async load(stream: StreamName): Promise<Snapshot | undefined> {
    const text = this.#snapshots.get(stream.toString());
    return text === undefined ? undefined : (JSON.parse(text) as Snapshot);
  }

  async save(stream: StreamName, snapshot: Snapshot): Promise<boolean> {
    const kept = await this.load(stream);
    if (kept !== undefined && outdates(kept, snapshot)) return false;
    this.#snapshots.set(stream.toString(), JSON.stringify(snapshot));
    return true;
  }

  async delete(stream: StreamName): Promise<void> {
    this.#snapshots.delete(stream.toString());
  }
}
