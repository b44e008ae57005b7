import type { EventPolicies } from '../../event/event-decoder.js';
import { type EventDefinition, EventRegistry } from '../../event/event-registry.js';
import type { EventsIn } from '../../event/new-event.js';
import { LogEventStore } from '../../event-store/log-event-store.js';
import { InMemoryMessageLog } from './in-memory-message-log.js';
import {
  type InMemoryEventStoreOptions,
  type ResolvedInMemoryOptions,
  resolveInMemoryOptions,
} from './in-memory-options.js';
import { InMemoryStorage } from './in-memory-storage.js';

/**
 * An event store in the memory of this process, for tests. It has the behaviour of a store on a server,
 * including the errors. Made by {@link inMemoryEventStore}.
 */
export class InMemoryEventStore<Events extends object = object> extends LogEventStore<Events> {
  /** The log that it stands on, with faults on order. */
  readonly log: InMemoryMessageLog;
  readonly #options: ResolvedInMemoryOptions;
  readonly #storage: InMemoryStorage;

  /** @internal use `inMemoryEventStore` */
  constructor(options: ResolvedInMemoryOptions, storage: InMemoryStorage) {
    const { name, maxPayload } = options;
    const log = new InMemoryMessageLog({ storage, name, maxPayload });
    super(log, {
      name,
      identity: storage.identity,
      registry: new EventRegistry(options.events, options),
    });
    this.log = log;
    this.#options = options;
    this.#storage = storage;
  }

  /**
   * Another handle on the same store, as another process would have one: it sees the same events, has its own
   * event types and policies, and is closed separately.
   */
  another(
    options: Pick<InMemoryEventStoreOptions, 'events' | keyof EventPolicies> = this.#options,
  ): InMemoryEventStore {
    return new InMemoryEventStore(
      resolveInMemoryOptions({ ...options, name: this.name, maxPayload: this.#options.maxPayload }),
      this.#storage,
    );
  }
}

/**
 * An event store in the memory of this process, for tests without a server. Events use the real wire format;
 * versions, positions, conflicts and command ids are those of a store on a server. `store.log.faults` injects
 * faults of publishes and replicas.
 *
 * @throws {@link InvalidOptionError} when an option cannot work.
 * @throws {@link EventRegistrationError} when two classes share an event type, or a class has none.
 * @example
 * const store = inMemoryEventStore({ events: [OrderPlaced] });
 * await store.append('order/42', [new OrderPlaced('ada')], { expect: 'none' });
 */
export function inMemoryEventStore<
  Definitions extends readonly EventDefinition[] = readonly EventDefinition[],
>(
  options: InMemoryEventStoreOptions & { readonly events: Definitions },
): InMemoryEventStore<EventsIn<Definitions>> {
  return new InMemoryEventStore(resolveInMemoryOptions(options), new InMemoryStorage());
}
