import { BorrowedNatsServer } from './borrowed-nats-server.js';
import {
  resolveNatsServerOptions,
  type NatsServerOptions,
  type ResolvedNatsServerOptions,
} from './nats-server-options.js';
import type { NatsServerBinary } from './nats-server-source.js';
import type { NatsServer } from './nats-server.js';
import { OwnedNatsServer } from './owned-nats-server.js';
import { BINARY_STEPS, NATS_SERVER_STEPS, resolveNatsServer } from './resolve-nats-server.js';

/**
 * Starts a nats-server with JetStream for tests and development, fetching the program the first time.
 *
 * It ends with this process, also when that is killed (except on Windows). `NATS_URL` names a running server to use
 * instead; it is left as it is, and the options about port, folder and configuration do not apply to it.
 *
 * ```ts
 * await using server = await startNatsServer();
 * const store = await connectEventStore({ servers: server.url, name: 'shop', events: [OrderPlaced] });
 * ```
 *
 * @throws {@link InvalidOptionError} when an option cannot work
 * @throws {@link NatsServerUnavailableError} when no server can be found, fetched or started, or when another one
 *   started by jetsource uses `storeDir`
 */
export async function startNatsServer(options: NatsServerOptions = {}): Promise<NatsServer> {
  const resolved = resolveNatsServerOptions(options);
  const steps = resolved.ownProcess ? BINARY_STEPS : NATS_SERVER_STEPS;
  const source = await resolveNatsServer(steps, { log: resolved.log, signal: resolved.signal });
  if (source.kind === 'binary') return startOwn(source, resolved);
  if (source.kind === 'url') {
    const { url, version } = source;
    return new BorrowedNatsServer({ url, version, why: 'NATS_URL names it' });
  }
  const { port, startTimeoutMs, signal } = resolved;
  const container = await source.start({ port, timeoutMs: startTimeoutMs });
  try {
    // testcontainers cannot be interrupted
    signal?.throwIfAborted();
    return await BorrowedNatsServer.ofContainer(container);
  } catch (error) {
    await container.stop();
    throw error;
  }
}

function startOwn(binary: NatsServerBinary, options: ResolvedNatsServerOptions): Promise<NatsServer> {
  const { port, storeDir, configFile, env, syncAlways, encryptionKey, startTimeoutMs } = options;
  const args = configFile === undefined ? [] : ['-c', configFile];
  const settings = { binary, port, storeDir, args, env, syncAlways, encryptionKey, startTimeoutMs };
  return OwnedNatsServer.start(settings, options.signal);
}
