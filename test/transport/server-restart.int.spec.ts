import { lastValueFrom } from 'rxjs';
import type { NatsServer } from '../../src/testing/nats-server.js';
import { startNatsServer } from '../../src/testing/start-nats-server.js';
import { until } from '../support/collect.js';
import { openClient, uniqueStream } from './shared-client.js';
import { listener, startService } from './shared-service.js';

let server: NatsServer;

beforeAll(async () => {
  server = await startNatsServer();
}, 60_000);

afterAll(async () => server?.stop());

describe('after a restart of nats-server', () => {
  it('a stream in memory is there again, for handlers and for clients', async () => {
    const streamConfig = uniqueStream({ storage: 'memory' });
    const { name } = streamConfig;
    const connectionOptions = { servers: server.url, name };
    const seen: unknown[] = [];
    await startService(name, [listener(`${name}.n`, (number) => seen.push(number))], {
      connectionOptions,
      streamConfig,
    });
    const client = openClient({ connectionOptions: { servers: server.url }, streamConfig });
    for (const number of [1, 2, 3]) await lastValueFrom(client.emit(`${name}.n`, number));
    await until('they are handled', () => seen.length === 3);
    await server.restart();
    expect(await lastValueFrom(client.emit(`${name}.n`, 4))).toMatchObject({ stream: name, seq: 1 });
    await until('it is handled', () => seen.length === 4);
    expect(seen).toEqual([1, 2, 3, 4]);
  });

  it('a broadcast that has had no event yet misses none', async () => {
    const streamConfig = uniqueStream();
    const { name } = streamConfig;
    const seen: unknown[] = [];
    await startService(name, [listener(`${name}.n`, (number) => seen.push(number))], {
      connectionOptions: { servers: server.url, name },
      streamConfig,
      consumerOptions: { durable: false },
    });
    const client = openClient({ connectionOptions: { servers: server.url } });
    await client.connect();
    await server.restart();
    for (const number of [1, 2, 3, 4]) await lastValueFrom(client.emit(`${name}.n`, number));
    await until('all have come', () => seen.length === 4);
    expect(seen).toEqual([1, 2, 3, 4]);
  });
});
