import { connect, type NatsConnection } from '@nats-io/transport-node';
import { lastValueFrom } from 'rxjs';
import { connectEventStore } from '../../src/event-store/connect-event-store.js';
import { DeadLetters } from '../../src/transport/server/dead-letters.js';
import { NatsJetStreamServer } from '../../src/transport/server/nats-jetstream-server.js';
import { collect, rejection, until } from '../support/collect.js';
import { OrderPlaced } from '../support/order-events.js';
import { sharedServerUrl, uniqueStoreName } from '../support/server-url.js';
import { openClient, uniqueStream } from './shared-client.js';
import { listener, startService } from './shared-service.js';

let connection: NatsConnection;

beforeEach(async () => {
  connection = await connect({ servers: sharedServerUrl() });
});

afterEach(async () => connection.close());

describe('a connection that is open already', () => {
  it('is shared by a store, a client, a server and dead letters, and none of them closes it', async () => {
    const streamConfig = uniqueStream();
    const { name } = streamConfig;
    const connectionOptions = { connection, name };
    const handled: unknown[] = [];
    const { app, server } = await startService(name, [listener(`${name}.n`, (data) => handled.push(data))], {
      connectionOptions,
      streamConfig,
    });
    const client = openClient({ connectionOptions });
    const store = await connectEventStore({ connection, name: uniqueStoreName(), events: [OrderPlaced] });
    await store.append('order/1', [new OrderPlaced('ada')]);
    await lastValueFrom(client.emit(`${name}.n`, 1));
    await until('it is handled', () => handled.length === 1);
    const letters = await DeadLetters.open({ connectionOptions });
    expect(await collect(letters.list())).toEqual([]);
    expect(server.health().isHealthy).toBe(true);

    await letters.close();
    await app.close();
    await client.close();
    await store.close();
    await store.close();
    expect(connection.isClosed()).toBe(false);
    await connection.flush();
    // whoever was given it does not use it any more
    expect(await rejection(store.append('order/1', [new OrderPlaced('ada')]))).toMatchObject({
      code: 'connection-closed',
    });
    const { subscriptions } = (
      connection as unknown as { protocol: { subscriptions: { subs: Map<number, unknown> } } }
    ).protocol;
    await until('its subscriptions are ended', () => subscriptions.subs.size === 0);
  });

  it('may be that of a client', async () => {
    const client = openClient();
    const store = await connectEventStore({
      connection: await client.connect(),
      name: uniqueStoreName(),
      events: [OrderPlaced],
    });
    expect(await store.append('order/1', [new OrderPlaced('ada')])).toMatchObject({ version: 1 });
    await client.close();
    expect(await rejection(store.append('order/1', [new OrderPlaced('ada')]))).toMatchObject({
      code: 'connection-closed',
    });
    await store.close();
  });

  it('is refused when it is closed', async () => {
    await connection.close();
    const opened = connectEventStore({ connection, name: uniqueStoreName(), events: [OrderPlaced] });
    expect(await rejection(opened)).toMatchObject({ code: 'connection-closed' });
    expect(await rejection(openClient({ connectionOptions: { connection } }).connect())).toMatchObject({
      code: 'connection-closed',
    });
  });

  it.each([['servers'], ['port'], ['user'], ['reconnect'], ['connectedHook']])(
    'excludes the option %s of a connection that is to be opened',
    (option) => {
      const connectionOptions = { connection, [option]: 'x' };
      const expected = expect.objectContaining({
        code: 'invalid-option',
        option: `connectionOptions.${option}`,
      });
      expect(() => new NatsJetStreamServer({ connectionOptions })).toThrow(expected);
      expect(() => openClient({ connectionOptions })).toThrow(expected);
    },
  );

  it('excludes options of one that is to be opened for a store, too', async () => {
    const opened = connectEventStore({ connection, servers: sharedServerUrl(), name: 'shop', events: [] });
    expect(await rejection(opened)).toMatchObject({ code: 'invalid-option', option: 'servers' });
  });

  it.each([['nats://127.0.0.1:4222'], [{}], [{ publish() {}, status() {}, flush() {}, jetstream() {} }]])(
    'has to be one of @nats-io/transport-node 3: %j',
    async (given) => {
      const opened = connectEventStore({ connection: given as never, name: 'shop', events: [] });
      expect(await rejection(opened)).toMatchObject({ code: 'invalid-option', option: 'connection' });
    },
  );
});
