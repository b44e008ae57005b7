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
 * Starts a nats-server with JetStream for tests and development. Fetches the program if the machine has none.
 *
 * The server ends with this process, also if the process is killed (except on Windows). If `NATS_URL` names a
 * running server, that one is used instead: it is not stopped, and the options for port, folder and
 * configuration do not apply.
 *
 * ```ts
 * await using server = await startNatsServer();
 * const store = await connectEventStore({ servers: server.url, name: 'shop', events: [OrderPlaced] });
 * ```
 *
 * @throws {@link InvalidOptionError} when an option is invalid
 * @throws {@link NatsServerUnavailableError} when no server can be found, fetched or started, or another
 *   server started by jetsource uses `storeDir`
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
    // the start of a container cannot be aborted
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
