import { freePorts } from '../../src/testing/free-ports.js';
import type { NatsServer } from '../../src/testing/nats-server.js';
import { until } from '../support/collect.js';
import { RawNats } from '../support/raw-nats.js';
import { startConfigured } from './configured-server.js';

/**
 * A hub and a leaf node connected to it, with the JetStream domains `hub` and `leaf`. Stopped after the spec
 * file.
 */
export async function startHubAndLeaf(): Promise<{ readonly hub: NatsServer; readonly leaf: NatsServer }> {
  const [port] = await freePorts(1);
  const hub = await startConfigured(
    `server_name: hub\njetstream { domain: hub }\nleafnodes { listen: "127.0.0.1:${port}" }\n`,
  );
  const leaf = await startConfigured(
    `server_name: leaf\njetstream { domain: leaf }\nleafnodes { remotes: [{ url: "nats://127.0.0.1:${port}" }] }\n`,
  );
  await using raw = await RawNats.open(hub.url);
  await until('the leaf is linked', async () => {
    const answer = raw.nc.request('$JS.leaf.API.INFO', '', { timeout: 1_000 });
    return answer.then(
      () => true,
      () => false,
    );
  });
  return { hub, leaf };
}
