import { startNatsServer } from '../../src/testing/start-nats-server.js';
import { sleep } from '../../src/kernel/sleep.js';
import { until } from '../support/collect.js';
import { openClient, uniqueStream } from './shared-client.js';
import { listener, startService } from './shared-service.js';

const COUNT = 10_000;

describe('many events', () => {
  it('are all handled, and none is lost, when the server is killed in the middle', async () => {
    await using server = await startNatsServer({ ownProcess: true });
    const streamConfig = uniqueStream();
    const { name } = streamConfig;
    const seen = new Uint8Array(COUNT + 1);
    let handled = 0;
    let repeated = 0;
    const { app } = await startService(
      name,
      [
        listener(`${name}.n`, (number) => {
          if (seen[Number(number)] === 0) handled += 1;
          else repeated += 1;
          seen[Number(number)] = 1;
        }),
      ],
      { connectionOptions: { servers: server.url, name }, streamConfig, consumerOptions: { ackWait: 5_000 } },
    );
    const client = openClient({
      connectionOptions: { servers: server.url },
      jetStreamOptions: { timeout: 60_000 },
    });
    await client.connect();
    const numbers = Array.from({ length: COUNT }, (_, index) => index + 1);
    const emitting = client.emitMany(`${name}.n`, numbers);
    await until('half are handled', () => handled > COUNT / 2, 120_000);
    await server.kill('SIGKILL');
    await sleep(200);
    await server.restart();
    const acknowledgements = await emitting;
    await until('all are handled', () => handled === COUNT, 120_000);
    expect(acknowledgements).toHaveLength(COUNT);
    expect(repeated).toBeLessThan(COUNT / 20);
    await app.close();
    await client.close();
  }, 300_000);
});
