import { readFile } from 'node:fs/promises';
import { lastValueFrom } from 'rxjs';
import type { NatsServer } from '../../src/testing/nats-server.js';
import { DeadLetters } from '../../src/transport/server/dead-letters.js';
import type { NatsConnectionOptions } from '../../src/transport/connection-options.js';
import { startConfigured } from '../security/configured-server.js';
import { collect, rejection, until } from '../support/collect.js';
import { RawNats } from '../support/raw-nats.js';
import { openClient } from './shared-client.js';
import { listener, startService } from './shared-service.js';

const PASSWORDS = { ADMIN_PASSWORD: 'a-secret', MAIL_PASSWORD: 'm-secret', BOUND_PASSWORD: 'b-secret' };

let server: NatsServer;

beforeAll(async () => {
  const page = await readFile(new URL('../../docs/transport.md', import.meta.url), 'utf8');
  const [, config] = /^```conf\n(.*?)^```/ms.exec(page) ?? [];
  if (config === undefined) throw new TypeError('the page has no configuration');
  server = await startConfigured(config, PASSWORDS);
  const client = openClient({
    connectionOptions: optionsOf('admin'),
    streamConfig: { name: 'orders', subjects: ['order.>'] },
  });
  await client.connect();
  await client.close();
}, 60_000);

function optionsOf(user: string): NatsConnectionOptions {
  const pass = `${user[0]}-secret`;
  return { servers: server.url, user, pass, name: user, inboxPrefix: `_INBOX_${user}` };
}

async function emit(pattern: string): Promise<void> {
  const client = openClient({ connectionOptions: optionsOf('admin') });
  await lastValueFrom(client.emit(pattern, { id: 1 }));
  await client.close();
}

describe('with the least permissions', () => {
  it('a service creates its consumers, handles events, keeps dead letters and gets them redriven', async () => {
    const handled: unknown[] = [];
    let isBroken = true;
    const { app } = await startService(
      'mail',
      [
        listener('order.created', (order) => {
          if (isBroken) throw new TypeError('no');
          handled.push(order);
        }),
      ],
      { connectionOptions: optionsOf('mail'), consumerOptions: { maxDeliver: 1 } },
    );
    await emit('order.created');
    await using letters = await DeadLetters.open({ connectionOptions: optionsOf('mail') });
    let numbers: number[] = [];
    await until('it is given up', async () => {
      numbers = (await collect(letters.list())).map(({ number }) => number);
      return numbers.length === 1;
    });
    isBroken = false;
    await letters.redrive(numbers[0] ?? 0);
    await until('it is handled', () => handled.length > 0);
    await until('nothing is left', async () => {
      await using raw = await RawNats.open(server.url, { user: 'admin', pass: 'a-secret' });
      return (await raw.messageCount('mail-dead-letters')) === 0;
    });
    expect(handled).toEqual([{ id: 1 }]);
    await app.close();
  });

  it('a service that may not create its consumer fails to start, naming the call that is refused', async () => {
    const error = await rejection(
      startService('mail', [listener('secret.read', () => undefined)], {
        connectionOptions: optionsOf('mail'),
        consumerOptions: { stream: 'orders' },
        deadLetters: false,
      }),
    );
    expect(error).toMatchObject({
      code: 'nats',
      message: expect.stringContaining('$JS.API.CONSUMER.CREATE.orders.mail-secret_read.secret.read'),
    });
  });

  it('a service uses a consumer that was created for it', async () => {
    const handled: unknown[] = [];
    await using raw = await RawNats.open(server.url, { user: 'admin', pass: 'a-secret' });
    await raw.api('CONSUMER.CREATE.orders.theirs.order.updated', {
      stream_name: 'orders',
      config: {
        name: 'theirs',
        durable_name: 'theirs',
        ack_policy: 'explicit',
        filter_subject: 'order.updated',
      },
      action: 'create',
    });
    const handlers = [listener('order.updated', (order) => handled.push(order))];
    const connectionOptions = optionsOf('bound');
    expect(
      await rejection(startService('bound', handlers, { connectionOptions, deadLetters: false })),
    ).toMatchObject({ code: 'jetstream-not-found', message: expect.stringContaining('option stream') });
    const { app } = await startService(
      'bound',
      [
        listener('order.updated', (order) => handled.push(order), {
          consumer: { stream: 'orders', durable: 'theirs', bind: true },
        }),
      ],
      { connectionOptions, deadLetters: false },
    );
    await emit('order.updated');
    await until('it is handled', () => handled.length > 0);
    await until('it is acknowledged', async () => {
      const info = await raw.api<{ ack_floor: { stream_seq: number } }>('CONSUMER.INFO.orders.theirs');
      return info.ack_floor.stream_seq > 0;
    });
    expect(handled).toEqual([{ id: 1 }]);
    await app.close();
  });
});
