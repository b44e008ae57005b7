import { lastValueFrom } from 'rxjs';
import type { NatsServer } from '../../src/testing/nats-server.js';
import { DeadLetters } from '../../src/transport/server/dead-letters.js';
import { startHubAndLeaf } from '../security/leaf-node.js';
import { collect, until } from '../support/collect.js';
import { RawNats } from '../support/raw-nats.js';
import { openClient, uniqueStream } from './shared-client.js';
import { listener, startService } from './shared-service.js';

describe('the JetStream of a leaf node, reached through its hub', () => {
  let hub: NatsServer;

  beforeAll(async () => {
    ({ hub } = await startHubAndLeaf());
  }, 60_000);

  it.each([
    ['its domain', { domain: 'leaf' }],
    ['an API prefix', { apiPrefix: '$JS.leaf.API' }],
  ])('stores events and dead letters, and delivers them to handlers, by %s', async (_, jetStreamOptions) => {
    const streamConfig = uniqueStream();
    const { name } = streamConfig;
    const options = { connectionOptions: { servers: hub.url, name }, jetStreamOptions };
    const handled: unknown[] = [];
    let isBroken = true;
    await startService(
      name,
      [
        listener(
          `${name}.n`,
          (number) => {
            if (number === 2 && isBroken) throw new TypeError('broken');
            handled.push(number);
          },
          { consumer: { maxDeliver: 1 } },
        ),
        listener(`${name}.pushed`, (number) => handled.push(number), {
          consumer: { deliverTo: `to-${name}` },
        }),
      ],
      { ...options, streamConfig },
    );
    const client = openClient(options);
    for (const number of [1, 2, 3]) await lastValueFrom(client.emit(`${name}.n`, number));
    await lastValueFrom(client.emit(`${name}.pushed`, 4));
    await until('what works is handled', () => handled.length === 3);
    await using deadLetters = await DeadLetters.open(options);
    const [letter] = await collect(deadLetters.list());
    expect(letter).toMatchObject({ subject: `${name}.n`, error: { message: 'broken' } });
    isBroken = false;
    await deadLetters.redrive(letter?.number ?? 0);
    await until('the letter is handled', () => handled.includes(2));
    // the stream is on the leaf, not on the hub
    await using raw = await RawNats.open(hub.url);
    expect(await raw.api(`STREAM.INFO.${name}`)).toMatchObject({ error: { err_code: 10059 } });
  });
});
