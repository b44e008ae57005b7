import type { NatsConnection, Status } from '@nats-io/transport-node';
import type { ConnectionOptions } from '../jetstream/connection/connection-options.js';
import { JetStreamConnection } from '../jetstream/connection/jetstream-connection.js';
import { requireTransportServer } from '../jetstream/connection/server-floor.js';
import type { JetStreamOptions, NatsConnectionOptions } from './connection-options.js';

/** Name of a service without a name, in the server's monitoring. */
export const DEFAULT_SERVICE_NAME = 'jetsource';

/** A connection that is open or being opened, and the number of its users. */
interface SharedConnection {
  readonly opening: Promise<JetStreamConnection>;
  users: number;
  /** Later users open another connection. */
  readonly forget: () => void;
}

/**
 * By the identity of the options object, and by the JetStream API that is used over the connection and how
 * long its answers are awaited.
 */
const shared = new WeakMap<NatsConnectionOptions, Map<string, SharedConnection>>();

/**
 * A share in a connection to NATS. All that are given the same options object share one; the last to release
 * it closes it.
 */
export class TransportConnection {
  readonly jetstream: JetStreamConnection;
  readonly #leave: () => Promise<void>;
  readonly #listeners = new Set<(status: Status) => void>();
  #released: Promise<void> | undefined;

  private constructor(jetstream: JetStreamConnection, leave: () => Promise<void>) {
    this.jetstream = jetstream;
    this.#leave = leave;
    void this.#watch();
  }

  /**
   * Joins the connection that was opened with the same options object, or opens one and runs `connectedHook`.
   *
   * @param jetStreamOptions Its `timeout` holds for all answers of the JetStream API.
   * @throws {@link NatsError} when no server can be reached, or refuses.
   * @throws {@link UnsupportedByServerError} when the server is older than 2.10.
   * @throws {@link InvalidOptionError} when the options cannot work, or not together.
   */
  static async acquire(
    connectionOptions: NatsConnectionOptions,
    jetStreamOptions: JetStreamOptions = {},
  ): Promise<TransportConnection> {
    const connections = connectionsOf(connectionOptions);
    const { domain, apiPrefix, timeout = '' } = jetStreamOptions;
    const api = `${domain ?? apiPrefix ?? ''} ${timeout}`;
    let connection = connections.get(api);
    if (connection === undefined) {
      const forget = (): void => {
        if (connections.get(api) === connection) connections.delete(api);
      };
      connection = { opening: open(connectionOptions, jetStreamOptions, forget), users: 0, forget };
      connections.set(api, connection);
    }
    connection.users += 1;
    return new TransportConnection(await connection.opening, async () => leave(connection));
  }

  get nc(): NatsConnection {
    return this.jetstream.nc;
  }

  /** Calls back for each status change until the share is released. @returns a function that ends it. */
  onStatus(listener: (status: Status) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Releases the share. The last one closes the connection after buffered messages have been sent. Safe to
   * call twice.
   */
  async release(): Promise<void> {
    this.#released ??= this.#leave();
    this.#listeners.clear();
    return this.#released;
  }

  async #watch(): Promise<void> {
    for await (const status of this.nc.status()) {
      for (const listener of [...this.#listeners]) listener(status);
    }
  }
}

function connectionsOf(options: NatsConnectionOptions): Map<string, SharedConnection> {
  const connections = shared.get(options) ?? new Map<string, SharedConnection>();
  shared.set(options, connections);
  return connections;
}

async function open(
  { connectedHook, ...options }: NatsConnectionOptions,
  { domain, apiPrefix, timeout }: JetStreamOptions,
  forget: () => void,
): Promise<JetStreamConnection> {
  let connection: JetStreamConnection | undefined;
  try {
    connection = await JetStreamConnection.open(
      toConnectionOptions(options, domain, apiPrefix),
      DEFAULT_SERVICE_NAME,
      timeout,
    );
    connection.onClose(forget);
    requireTransportServer(connection.serverVersion);
    await connectedHook?.(connection.nc);
    return connection;
  } catch (error) {
    forget();
    await connection?.close();
    throw error;
  }
}

async function leave(connection: SharedConnection): Promise<void> {
  connection.users -= 1;
  if (connection.users > 0) return;
  connection.forget();
  await (await connection.opening).close();
}

function toConnectionOptions(
  { name, port, servers, connection, ...passedOn }: NatsConnectionOptions,
  domain: string | undefined,
  apiPrefix: string | undefined,
): ConnectionOptions {
  const opening =
    connection === undefined
      ? {
          servers: servers ?? `127.0.0.1:${port ?? 4222}`,
          ...(name !== undefined && { connectionName: name }),
        }
      : { connection };
  return {
    ...passedOn,
    ...opening,
    ...(domain !== undefined && { domain }),
    ...(apiPrefix !== undefined && { apiPrefix }),
  };
}
