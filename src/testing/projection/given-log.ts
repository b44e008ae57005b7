import assert from 'node:assert/strict';
import type { EventDefinition } from '../../event/event-registry.js';
import type { Position } from '../../event/position.js';
import { hasJetsourceBrand } from '../../kernel/jetsource-error.js';
import { InMemoryEventStore } from '../in-memory/in-memory-event-store.js';
import { resolveInMemoryOptions } from '../in-memory/in-memory-options.js';
import { InMemoryStorage } from '../in-memory/in-memory-storage.js';
import type { AppendResult } from '../../event-store/append/append-options.js';
import type { GivenCommit } from './given-commits.js';

/** A log in memory whose clock says when its events happened. */
export class GivenLog {
  readonly store: InMemoryEventStore;
  readonly #storage = new InMemoryStorage();

  /** @param events The event types that it knows. */
  constructor(events: readonly EventDefinition[]) {
    this.store = new InMemoryEventStore(resolveInMemoryOptions({ events }), this.#storage);
  }

  /**
   * Stores a commit.
   *
   * @param categories Of the projection; undefined for all.
   * @returns the position of its last event in one of the categories; undefined when it has none there.
   */
  async append(
    { entries, time, metadata }: GivenCommit,
    categories?: readonly string[],
  ): Promise<Position | undefined> {
    this.#storage.now = () => time;
    const results = await this.#write({ entries, metadata });
    return results.findLast(({ stream }) => categories?.includes(stream.category) ?? true)?.position;
  }

  async #write({ entries, metadata }: Omit<GivenCommit, 'time'>): Promise<readonly AppendResult[]> {
    const [first] = entries;
    try {
      if (first !== undefined && entries.length === 1)
        return [await this.store.append(first.stream, first.events, { metadata })];
      return (await this.store.transact(entries, { metadata })).entries;
    } catch (error) {
      if (!hasJetsourceBrand(error) || error.code !== 'event-registration') throw error;
      assert.fail(
        `${error.message}. A specification knows the event types that its projection handles; give ` +
          'others to it: projectionSpecification(definition, { events: [OrderCancelled] })',
      );
    }
  }
}
