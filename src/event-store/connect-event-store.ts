import type { EventPolicies } from '../event/event-decoder.js';
import { type EventDefinition, EventRegistry } from '../event/event-registry.js';
import { storeSubjects } from '../event/subject.js';
import type { ConnectionOptions } from '../jetstream/connection/connection-options.js';
import { JetStreamConnection } from '../jetstream/connection/jetstream-connection.js';
import { requireEventStoreServer } from '../jetstream/connection/server-floor.js';
import { openStoreStream, type StoreStreamOptions } from '../jetstream/streams/store-stream.js';
import { InvalidOptionError } from '../kernel/invalid-option-error.js';
import { integerOption } from '../kernel/options.js';
import { JetStreamEventStore } from './jetstream-event-store.js';
import { checkStoreName, checkStoreOptions } from './store-options.js';

/** Options of a connection to a store. */
export interface EventStoreOptions extends ConnectionOptions, StoreStreamOptions, EventPolicies {
  /**
   * The store's name, one for each bounded context: the first token of its subjects. A letter, then letters,
   * digits, `_` or `-`, 64 characters at most.
   */
  readonly name: string;
  /**
   * Name of the JetStream stream that holds the log, if it differs from the store's: a promoted mirror, for
   * instance. The same characters as `name`.
   * @default the store's name
   */
  readonly jetStream?: string | undefined;
  /** The event types: classes decorated with {@link Event}, and what {@link eventType} declared. */
  readonly events: readonly EventDefinition[];
  /**
   * Called with settings of the JetStream stream that differ from the defaults and break nothing.
   * @default `process.emitWarning`
   */
  readonly onWarning?: ((warning: string) => void) | undefined;
}

/**
 * Connects to a store; creates its JetStream stream when it is missing. Needs nats-server 2.12.1 or later.
 *
 * @throws {@link NatsError} when no server can be reached.
 * @throws {@link UnsupportedByServerError} when the server is too old.
 * @throws {@link StoreSettingsError} when the stream exists with settings that break what jetsource promises.
 * @throws {@link EventRegistrationError} when two classes share an event type, or a class has none.
 * @example
 * const servers = 'nats://127.0.0.1:4222';
 * const store = await connectEventStore({ servers, name: 'shop', events: [OrderPlaced] });
 */
export async function connectEventStore(options: EventStoreOptions): Promise<JetStreamEventStore> {
  const {
    name,
    jetStream = name,
    events,
    replicas,
    storage,
    onUnknownEvent,
    onInvalidEvent,
    cipher,
    onWarning,
    ...connectionOptions
  } = options;
  checkOptions(options);
  const registry = new EventRegistry(events, { onUnknownEvent, onInvalidEvent, cipher });
  const connection = await JetStreamConnection.open(connectionOptions, `jetsource ${name}`);
  try {
    requireEventStoreServer(connection.serverVersion);
    const { identity, drift } = await openStoreStream(
      connection,
      { name: jetStream, subjects: storeSubjects(name) },
      {
        replicas,
        storage,
      },
    );
    for (const difference of drift) (onWarning ?? warn)(`store ${name}: ${difference}`);
    return new JetStreamEventStore(connection, jetStream, { name, identity, registry });
  } catch (error) {
    await connection.close();
    throw error;
  }
}

function checkOptions(options: EventStoreOptions): void {
  const { storage, replicas } = options;
  checkStoreOptions(options);
  if (options.jetStream !== undefined) checkStoreName('jetStream', options.jetStream);
  if (storage !== undefined && storage !== 'file' && storage !== 'memory') {
    throw new InvalidOptionError({ option: 'storage', given: storage, allowed: "'file' or 'memory'" });
  }
  integerOption('replicas', replicas, { fallback: 1 });
}

function warn(warning: string): void {
  process.emitWarning(warning, 'JetsourceWarning');
}
