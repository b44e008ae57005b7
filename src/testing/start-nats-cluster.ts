import { join } from 'node:path';

import { hasJetsourceBrand } from '../kernel/jetsource-error.js';
import { freePorts } from './free-ports.js';
import {
  resolveNatsClusterOptions,
  type NatsClusterOptions,
  type ResolvedNatsClusterOptions,
} from './nats-cluster-options.js';
import { NatsCluster } from './nats-cluster.js';
import type { NatsServerBinary } from './nats-server-source.js';
import { OwnedNatsServer } from './owned-nats-server.js';
import { BINARY_STEPS, resolveNatsServer } from './resolve-nats-server.js';

/**
 * Starts a cluster of nats-servers with JetStream on 127.0.0.1 for tests. The servers end with this process.
 * Resolves when JetStream is healthy on all of them and they have elected a leader. `NATS_URL` is ignored.
 *
 * @example
 * await using cluster = await startNatsCluster();
 * const options = { name: 'shop', replicas: 3, events: [OrderPlaced] };
 * const store = await connectEventStore({ servers: cluster.url, ...options });
 *
 * @throws {@link InvalidOptionError} when an option is invalid
 * @throws {@link NatsServerUnavailableError} when no nats-server can be found, fetched or started, or another
 *   cluster uses `storeDir`
 * @throws {@link WaitTimeoutError} when the servers do not become a healthy cluster within `startTimeoutMs`
 */
export async function startNatsCluster(options: NatsClusterOptions = {}): Promise<NatsCluster> {
  const resolved = resolveNatsClusterOptions(options);
  const binary = await resolveNatsServer(BINARY_STEPS, { log: resolved.log, signal: resolved.signal });
  const names = Array.from({ length: resolved.size }, (_, index) => `n${index + 1}`);
  const cluster = new NatsCluster(await startNodes(binary, names, resolved), names, resolved.startTimeoutMs);
  try {
    await cluster.ready({ signal: resolved.signal });
    return cluster;
  } catch (error) {
    await cluster.stop();
    throw error;
  }
}

const ATTEMPTS = 3;

async function startNodes(
  binary: NatsServerBinary,
  names: readonly string[],
  options: ResolvedNatsClusterOptions,
): Promise<OwnedNatsServer[]> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await startOnce(binary, names, options);
    } catch (error) {
      // another program took a route port after it was found free
      const busy = hasJetsourceBrand(error) && error.message.includes('address already in use');
      if (!busy || attempt === ATTEMPTS) throw error;
    }
  }
}

async function startOnce(
  binary: NatsServerBinary,
  names: readonly string[],
  options: ResolvedNatsClusterOptions,
): Promise<OwnedNatsServer[]> {
  const routes = (await freePorts(names.length)).map((port) => `nats://127.0.0.1:${port}`);
  const starts = names.map((name, index) => {
    const settings = {
      binary,
      port: options.port === -1 ? -1 : options.port + index,
      storeDir: options.storeDir === undefined ? undefined : join(options.storeDir, name),
      args: [...nodeArguments(name, routes[index] ?? '', routes), '-m', '-1'],
      env: {},
      syncAlways: options.syncAlways,
      startTimeoutMs: options.startTimeoutMs,
    };
    return OwnedNatsServer.start(settings, options.signal);
  });
  const results = await Promise.allSettled(starts);
  const failed = results.find((result) => result.status === 'rejected');
  const nodes = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  if (failed === undefined) return nodes;
  await Promise.all(nodes.map((node) => node.stop()));
  throw failed.reason;
}

/** Arguments of a cluster node. A server ignores the route to itself. */
function nodeArguments(name: string, route: string, routes: readonly string[]): string[] {
  return ['--name', name, '--cluster_name', 'jetsource', '--cluster', route, '--routes', routes.join(',')];
}
