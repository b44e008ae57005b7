import type { NatsServer } from '../../src/testing/nats-server.js';
import { startNatsServer } from '../../src/testing/start-nats-server.js';
import { openStore } from '../shared-server.js';

let server: NatsServer;

beforeAll(async () => {
  // one that ends with the test: the client (3.4.0) leaves the socket open that timed out, and an open socket
  // keeps jest alive
  server = await startNatsServer({ ownProcess: true });
}, 60_000);

afterAll(async () => server.stop());

/** Keeps the process from looking at what has arrived, as a module does that compiles itself. */
function keepBusy(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

it('a process that is busy for longer than the timeout while it connects is connected all the same', async () => {
  const opening = openStore({ servers: server.url, timeout: 150 });
  // once the handshake has begun
  setTimeout(() => keepBusy(400), 0);
  await expect(opening).resolves.toBeDefined();
});
