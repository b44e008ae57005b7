import type { Command } from 'commander';
import { EventRegistry } from '../event/event-registry.js';
import { JetStreamEventStore } from '../event-store/jetstream-event-store.js';
import { checkStoreName } from '../event-store/store-options.js';
import type { JetStreamConnection } from '../jetstream/connection/jetstream-connection.js';
import { JetStreamLog } from '../jetstream/jetstream-log.js';
import { findStream } from '../jetstream/streams/find-stream.js';
import { identityOf } from '../jetstream/streams/store-stream.js';
import { StoreNotFoundError } from '../jetstream/streams/stream-errors.js';
import { Deadline } from '../kernel/deadline.js';
import { type ConnectionFlags, openConnection, withConnectionFlags } from './connection-flags.js';

const LOOK_UP_MS = 10_000;

/** Flags that say which store is meant, and how NATS is reached. */
export interface StoreFlags extends ConnectionFlags {
  readonly store: string;
  readonly jetstream?: string;
}

/** Adds the flags to a command. */
export function withStoreFlags(command: Command): Command {
  return withConnectionFlags(
    command
      .requiredOption('--store <name>', 'name of the store')
      .option('--jetstream <name>', 'the JetStream stream that holds it (default: the name of the store)'),
  );
}

/**
 * Opens the log of a store. Unlike a connect of a store, this creates nothing, and opens a store whose settings
 * are not right. To be closed, which closes its connection.
 *
 * @param caller How the connection is called in the server's tools.
 * @throws {@link StoreNotFoundError} when there is no such store; {@link InvalidOptionError} for a name that none
 *   can have; {@link NatsError} when no server can be reached, or refuses.
 */
export async function openLog(flags: StoreFlags, caller: string): Promise<JetStreamLog> {
  const { connection, ...stream } = await openStream(flags, caller);
  return new JetStreamLog(connection, stream);
}

/** Opens a store without its event types, as {@link openLog} does: events are read as they are stored. */
export async function openRawStore(flags: StoreFlags, caller: string): Promise<JetStreamEventStore> {
  const { connection, name: jetStream, identity } = await openStream(flags, caller);
  const registry = new EventRegistry([], { onUnknownEvent: 'raw' });
  return new JetStreamEventStore(connection, jetStream, { name: flags.store, identity, registry });
}

/** The JetStream stream of a store. */
interface OpenStream {
  readonly connection: JetStreamConnection;
  readonly name: string;
  readonly identity: string;
}

async function openStream({ store, jetstream, ...flags }: StoreFlags, caller: string): Promise<OpenStream> {
  checkStoreName('--store', store);
  const name = jetstream ?? store;
  checkStoreName('--jetstream', name);
  const connection = await openConnection(flags, caller);
  try {
    const found = await findStream(connection, name, new Deadline(LOOK_UP_MS));
    const identity = found && identityOf(found.config);
    if (identity !== undefined) return { connection, name, identity };
    const reason =
      found === undefined
        ? 'there is no such JetStream stream'
        : 'the JetStream stream was not created by jetsource';
    throw new StoreNotFoundError({ store: name, reason });
  } catch (error) {
    await connection.close();
    throw error;
  }
}
