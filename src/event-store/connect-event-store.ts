import type { EventPolicies } from '../event/event-decoder.js';
import { type EventDefinition, EventRegistry } from '../event/event-registry.js';
import type { EventsIn } from '../event/new-event.js';
import { storeSubjects } from '../event/subject.js';
import type { ConnectionOptions } from '../jetstream/connection/connection-options.js';
import { JetStreamConnection } from '../jetstream/connection/jetstream-connection.js';
import { requireEventStoreServer } from '../jetstream/connection/server-floor.js';
import { openStoreStream, type StoreStreamOptions } from '../jetstream/streams/store-stream.js';
import { NatsError } from '../jetstream/connection/connection-errors.js';
import { findCopies, type StreamCopy } from '../jetstream/streams/stream-copies.js';
import { Deadline } from '../kernel/deadline.js';
import { guardedObserver } from '../kernel/guarded-observer.js';
import { InvalidOptionError } from '../kernel/invalid-option-error.js';
import { integerOption } from '../kernel/options.js';
import { warn } from '../kernel/warn.js';
import { JetStreamEventStore } from './jetstream-event-store.js';
import { checkStoreName, checkStoreOptions } from './store-options.js';

/** How long connecting waits for the list of streams, which a cluster asks all leaders for. */
const LIST_TIMEOUT_MS = 2_000;

/** How to reach a store, and what is in it. */
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
   * Told of settings that differ from what was asked for without breaking anything, of JetStream streams that
   * mirror or source the store, and of a server that refuses to take the connection back, which is tried
   * again. @default `process.emitWarning`
   */
  readonly onWarning?: ((warning: string) => void) | undefined;
}

/**
 * Connects to a store; creates its JetStream stream when it is missing. Needs nats-server 2.12.1 or later.
 *
 * With `events: [OrderPlaced, OrderShipped] as const`, an append of other events does not compile.
 *
 * @throws {@link NatsError} when no server can be reached.
 * @throws {@link UnsupportedByServerError} when the server is too old.
 * @throws {@link StoreSettingsError} when the stream exists with settings that break what jetsource promises.
 * @throws {@link EventRegistrationError} when two classes share an event type, or a class has none.
 * @example
 * const servers = 'nats://127.0.0.1:4222';
 * const store = await connectEventStore({ servers, name: 'shop', events: [OrderPlaced] });
 */
export async function connectEventStore<
  Definitions extends readonly EventDefinition[] = readonly EventDefinition[],
>(
  options: EventStoreOptions & { readonly events: Definitions },
): Promise<JetStreamEventStore<EventsIn<Definitions>>> {
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
  connection.onRefused((reason) => (onWarning ?? warn)(`store ${name}: ${reason}`));
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
    const tell = guardedObserver('onWarning', onWarning ?? warn);
    for (const difference of drift) tell(`store ${name}: ${difference}`);
    for (const copy of await copiesOf(connection, jetStream)) tell(`store ${name}: ${describeCopy(copy)}`);
    return new JetStreamEventStore(connection, jetStream, { name, identity, registry });
  } catch (error) {
    await connection.close();
    throw error;
  }
}

/** None where the server does not say in time: they are looked for again when something is read. */
async function copiesOf(connection: JetStreamConnection, jetStream: string): Promise<readonly StreamCopy[]> {
  try {
    return (await findCopies(connection, jetStream, new Deadline(LIST_TIMEOUT_MS))) ?? [];
  } catch (error) {
    if (error instanceof NatsError) return [];
    throw error;
  }
}

function describeCopy({ name, kind }: StreamCopy): string {
  if (kind === 'source')
    return `JetStream stream ${name} sources it: events that are deleted here stay there`;
  return (
    `JetStream stream ${name} mirrors it and answers direct gets in its place: reads ask the leader more often, ` +
    'and events that are deleted here stay there'
  );
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
