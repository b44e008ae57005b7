import { lastValueFrom } from 'rxjs';
import type { NatsServer } from '../../src/testing/nats-server.js';
import { DeadLetters } from '../../src/transport/dead-letters.js';
import type { NatsConnectionOptions } from '../../src/transport/connection-options.js';
import { startConfigured } from '../security/configured-server.js';
import { collect, rejection, until } from '../support/collect.js';
import { RawNats } from '../support/raw-nats.js';
import { openClient } from './shared-client.js';
import { listener, startService } from './shared-service.js';

/** As docs/transport.md has them. */
const CONFIG = `
jetstream: enabled
authorization {
  users: [
    { user: admin, password: a }
    # a service named mail that makes its consumers of the stream orders, and keeps dead letters
    { user: mail, password: m, permissions: {
        publish: [
          "$JS.API.STREAM.NAMES", "$JS.API.STREAM.INFO.orders"
          "$JS.API.CONSUMER.INFO.orders.*", "$JS.API.CONSUMER.CREATE.orders.*.order.>"
          "$JS.API.CONSUMER.MSG.NEXT.orders.*", "$JS.ACK.orders.>"
          "$JS.API.STREAM.INFO.mail-dead-letters", "$JS.API.STREAM.CREATE.mail-dead-letters"
          "$JS.API.STREAM.MSG.GET.mail-dead-letters", "$JS.API.STREAM.MSG.DELETE.mail-dead-letters"
          "_dead.mail-dead-letters.>"
          "$JS.API.CONSUMER.INFO.mail-dead-letters.*"
          "$JS.API.CONSUMER.CREATE.mail-dead-letters.*._dead.mail-dead-letters.>"
          "$JS.API.CONSUMER.MSG.NEXT.mail-dead-letters.*", "$JS.ACK.mail-dead-letters.>"
        ]
        subscribe: "_INBOX_m.>" } }
    # a service that uses the one consumer that an admin made
    { user: bound, password: b, permissions: {
        publish: [
          "$JS.API.CONSUMER.INFO.orders.theirs", "$JS.API.CONSUMER.MSG.NEXT.orders.theirs", "$JS.ACK.orders.theirs.>"
        ]
        subscribe: "_INBOX_b.>" } }
  ]
}
`;

let server: NatsServer;

beforeAll(async () => {
  server = await startConfigured(CONFIG);
  const client = openClient({
    connectionOptions: optionsOf('admin'),
    streamConfig: { name: 'orders', subjects: ['order.>'] },
  });
  await client.connect();
  await client.close();
}, 60_000);

function optionsOf(user: string): NatsConnectionOptions {
  const [pass = ''] = user;
  return { servers: server.url, user, pass, name: user, inboxPrefix: `_INBOX_${pass}` };
}

async function emit(pattern: string): Promise<void> {
  const client = openClient({ connectionOptions: optionsOf('admin') });
  await lastValueFrom(client.emit(pattern, { id: 1 }));
  await client.close();
}

describe('with the least permissions', () => {
  it('a service makes its consumers, handles events, keeps dead letters and takes them back', async () => {
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
      await using raw = await RawNats.open(server.url, { user: 'admin', pass: 'a' });
      return (await raw.messageCount('mail-dead-letters')) === 0;
    });
    expect(handled).toEqual([{ id: 1 }]);
    await app.close();
  });

  it('a service that may not make its consumer of another subject does not start, and says which call is refused', async () => {
    const error = await rejection(
      startService('mail', [listener('secret.read', () => undefined)], {
        connectionOptions: optionsOf('mail'),
        consumerOptions: { stream: 'orders' },
        deadLetters: false,
      }),
    );
    expect(error).toMatchObject({
      code: 'transport',
      message: expect.stringContaining('$JS.API.CONSUMER.CREATE.orders.mail-secret_read.secret.read'),
    });
  });

  it('a service uses a consumer that somebody else made, when it is told where', async () => {
    const handled: unknown[] = [];
    await using raw = await RawNats.open(server.url, { user: 'admin', pass: 'a' });
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
    ).toMatchObject({ code: 'no-stream', message: expect.stringContaining('option stream') });
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
