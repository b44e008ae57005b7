import { Injectable, Module } from '@nestjs/common';
import { ClientsModule } from '@nestjs/microservices';
import { Test } from '@nestjs/testing';
import type { NatsConnection, PubAck } from 'jetsource/transport';
import { lastValueFrom } from 'rxjs';
import { startNatsServer } from '../../src/testing/start-nats-server.js';
import type { NatsConnectionOptions } from '../../src/transport/connection-options.js';
import type { NatsJetStreamStatus } from '../../src/transport/transport-events.js';
import type { NatsJetStreamClientOptions } from '../../src/transport/client/nats-jetstream-client-options.js';
import { NatsJetStreamClientProxy } from '../../src/transport/client/nats-jetstream-client-proxy.js';
import { NatsJetStreamRecordBuilder } from '../../src/transport/client/nats-jetstream-record-builder.js';
import { NatsJetStreamTransport } from '../../src/transport/client/nats-jetstream-transport.js';
import { TransportConnection } from '../../src/transport/transport-connection.js';
import { rejection, until } from '../support/collect.js';
import { RawNats } from '../support/raw-nats.js';
import { sharedServerUrl, uniqueStoreName } from '../support/server-url.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { openClient, uniqueStream } from './shared-client.js';

function connections(): { options: NatsConnectionOptions; opened: NatsConnection[] } {
  const opened: NatsConnection[] = [];
  const options = { servers: sharedServerUrl(), connectedHook: (nc: NatsConnection) => opened.push(nc) };
  return { options, opened };
}

describe('a client', () => {
  it('opens one connection for concurrent first emits, and runs connectedHook once', async () => {
    const { options: connectionOptions, opened } = connections();
    const stream = uniqueStream();
    const client = openClient({ connectionOptions, streamConfig: stream });
    const acks = await Promise.all(
      [1, 2, 3].map(async (n) => lastValueFrom(client.emit<PubAck>(`${stream.name}.a`, n))),
    );
    expect(new Set(acks.map(({ seq }) => seq)).size).toBe(3);
    expect(opened).toHaveLength(1);
  });

  it('shares its connection with all clients of the same options, and the last one closes it', async () => {
    const { options: connectionOptions, opened } = connections();
    const [one, other] = [openClient({ connectionOptions }), openClient({ connectionOptions })];
    const server = TransportConnection.acquire(connectionOptions);
    await Promise.all([one.connect(), other.connect(), server]);
    expect(opened).toHaveLength(1);
    expect(one.unwrap()).toBe(other.unwrap());
    await one.close();
    await (await server).release();
    expect(other.unwrap<NatsConnection>().isClosed()).toBe(false);
    await other.close();
    expect(opened[0]?.isClosed()).toBe(true);
  });

  it('has a connection of its own for another domain', async () => {
    const { options: connectionOptions, opened } = connections();
    await openClient({ connectionOptions }).connect();
    await openClient({ connectionOptions, jetStreamOptions: { apiPrefix: '$JS.hub.API' } }).connect();
    expect(opened).toHaveLength(2);
  });

  it('can be closed before it has connected, closed twice, and used again', async () => {
    const stream = uniqueStream();
    const client = openClient({ streamConfig: stream });
    await client.close();
    await client.close();
    expect(await lastValueFrom(client.emit(`${stream.name}.a`, 1))).toMatchObject({ seq: 1 });
    await client.close();
    expect(await lastValueFrom(client.emit(`${stream.name}.a`, 2))).toMatchObject({ seq: 2 });
  });

  it('closes a connection that was being opened when the client was closed', async () => {
    const { options: connectionOptions, opened } = connections();
    const client = openClient({ connectionOptions });
    const connecting = rejection(client.connect());
    await client.close();
    expect(await connecting).toMatchObject({ code: 'connection-closed' });
    await until('the late connection is closed', () => opened.every((nc) => nc.isClosed()));
  });

  it('fails without a server or when the hook throws, and connects at the next use', async () => {
    const nowhere = openClient({ connectionOptions: { servers: 'nats://127.0.0.1:1' } });
    expect(await rejection(lastValueFrom(nowhere.emit('a', 1)))).toMatchObject({ code: 'nats' });
    let fails = true;
    const connectedHook = (): void => {
      if (fails) throw new TypeError('not yet');
    };
    const client = openClient({ connectionOptions: { servers: sharedServerUrl(), connectedHook } });
    expect(await rejection(client.connect())).toMatchObject({ message: 'not yet' });
    fails = false;
    expect((await client.connect()).isClosed()).toBe(false);
  });

  it('fails to connect when its stream is refused, and closes the connection', async () => {
    const { options: connectionOptions, opened } = connections();
    const taken = uniqueStream();
    await openClient({ streamConfig: taken }).connect();
    const other = { ...taken, name: uniqueStoreName() };
    const client = openClient({ connectionOptions, streamConfig: other });
    expect(await rejection(client.connect())).toMatchObject({ code: 'jetstream-settings' });
    expect(opened[0]?.isClosed()).toBe(true);
  });

  it('creates several streams', async () => {
    const streams = [uniqueStream(), uniqueStream()];
    const client = openClient({ streamConfig: streams });
    for (const { name } of streams)
      expect(await lastValueFrom(client.emit(`${name}.a`, 1))).toMatchObject({ stream: name });
  });

  it('returns the NATS connection by unwrap, once it is connected', async () => {
    const client = openClient();
    expect(() => client.unwrap()).toThrow('Not initialized');
    const nc = await client.connect();
    expect(client.unwrap()).toBe(nc);
  });

  it('reports status and events, and sends requests and events again after a reconnect', async () => {
    const { port } = new URL(sharedServerUrl());
    await using proxy = await TcpProxy.to(Number(port));
    const stream = uniqueStream();
    const client = openClient({ connectionOptions: { servers: proxy.url }, streamConfig: stream });
    const seen: NatsJetStreamStatus[] = [];
    const events: string[] = [];
    client.status.subscribe((status) => seen.push(status));
    client.on('disconnect', (server) => events.push(`disconnect ${server}`));
    client.on('reconnect', (server) => events.push(`reconnect ${server}`));
    await client.connect();
    proxy.cut();
    await until('it is connected again', () => seen.length > 1 && seen.at(-1) === 'connected');
    expect([seen[0], seen[1]]).toEqual(['connected', 'disconnected']);
    const host = new URL(proxy.url).host;
    expect(events).toEqual([`disconnect ${host}`, `reconnect ${host}`]);
    expect(await lastValueFrom(client.emit(`${stream.name}.a`, 1))).toMatchObject({ seq: 1 });
    await client.close();
    await client.connect();
    // a later subscriber gets the last known status
    await expect(lastStatus(client)).resolves.toBe('connected');
  });

  it('emits while a server restarts', async () => {
    const server = await startNatsServer({ ownProcess: true });
    const client = openClient({
      connectionOptions: { servers: server.url },
      streamConfig: { name: 's', subjects: ['s.>'] },
    });
    await client.connect();
    const restarted = server.restart();
    const ack = await lastValueFrom(
      client.emit('s.a', new NatsJetStreamRecordBuilder(1).setTimeout(20_000).build()),
    );
    expect(ack).toMatchObject({ stream: 's', seq: 1 });
    await restarted;
    await client.close();
    await server.stop();
  });

  it.each<[string, NatsJetStreamClientOptions, string]>([
    ['an unknown option', { jetstream: {} } as NatsJetStreamClientOptions, 'jetstream'],
    ['both names of one option', { jetStreamOption: {}, jetStreamOptions: {} }, 'jetStreamOption'],
    [
      'a message id for all events',
      { jetStreamPublishOptions: { msgID: 'x' } as object },
      'jetStreamPublishOptions.msgID',
    ],
    ['no time for requests', { requestTimeoutMs: 0 }, 'requestTimeoutMs'],
    ['a timeout in seconds', { jetStreamOptions: { timeout: 0.5 } }, 'jetStreamOptions.timeout'],
  ])('refuses %s by name', (_, options, option) => {
    expect(() => new NatsJetStreamClientProxy(options)).toThrow(expect.objectContaining({ option }));
  });

  it('refuses connection options that cannot work together, when it connects', async () => {
    const both = { jetStreamOptions: { domain: 'hub', apiPrefix: '$JS.hub.API' } };
    expect(await rejection(openClient(both).connect())).toMatchObject({ code: 'invalid-option' });
  });

  it('connects to a port without a URL', async () => {
    const port = Number(new URL(sharedServerUrl()).port);
    expect((await openClient({ connectionOptions: { port } }).connect()).isClosed()).toBe(false);
  });
});

describe('emitMany', () => {
  it('stores all payloads, and returns the acknowledgements in their order', async () => {
    const stream = uniqueStream();
    const client = openClient({ streamConfig: stream });
    const numbers = Array.from({ length: 1_000 }, (_, number) => number);
    const acks = await client.emitMany(`${stream.name}.a`, numbers);
    await using raw = await RawNats.open();
    const { message } = await raw.api<{ message: { data: string } }>(`STREAM.MSG.GET.${stream.name}`, {
      seq: acks[700]?.seq,
    });
    expect(Buffer.from(message.data, 'base64').toString()).toBe('700');
    expect(new Set(acks.map(({ seq }) => seq)).size).toBe(1_000);
  });

  it('takes no more from its source than maxInFlight without acknowledgements', async () => {
    const { port } = new URL(sharedServerUrl());
    await using proxy = await TcpProxy.to(Number(port));
    await using raw = await RawNats.open();
    const stream = uniqueStream();
    const client = openClient({ connectionOptions: { servers: proxy.url }, streamConfig: stream });
    await client.connect();
    let taken = 0;
    async function* numbers(): AsyncGenerator<number> {
      while (taken < 50) yield taken++;
    }
    proxy.deafen();
    const emitting = client.emitMany(`${stream.name}.a`, numbers(), { maxInFlight: 10 });
    await until('the first are stored', async () => (await raw.messageCount(stream.name)) === 10);
    expect(taken).toBe(10);
    proxy.hear();
    expect(await emitting).toHaveLength(50);
    await client.close();
  });

  it('accepts records, and stops at the first one that fails', async () => {
    const stream = uniqueStream({ max_msg_size: 1_000 });
    const client = openClient({ streamConfig: stream });
    const record = new NatsJetStreamRecordBuilder(1).setMsgId('one').build();
    expect(await client.emitMany(`${stream.name}.a`, [record, record], { maxInFlight: 1 })).toMatchObject([
      { seq: 1 },
      { seq: 1, duplicate: true },
    ]);
    let returned = false;
    function* endless(): Generator<string> {
      try {
        for (let number = 0; ; number += 1) yield number === 3 ? 'x'.repeat(2_000) : 'fits';
      } finally {
        returned = true;
      }
    }
    const error = await rejection(client.emitMany(`${stream.name}.a`, endless(), { maxInFlight: 2 }));
    expect(error).toMatchObject({ code: 'publish-refused' });
    expect(returned).toBe(true);
  });

  it('ends when its signal aborts, and refuses unknown options and missing payloads', async () => {
    const stream = uniqueStream();
    const client = openClient({ streamConfig: stream });
    const signal = AbortSignal.abort(new TypeError('enough'));
    expect(await rejection(client.emitMany(`${stream.name}.a`, [1], { signal }))).toMatchObject({
      message: 'enough',
    });
    const unknown = { concurrency: 3 } as object;
    expect(await rejection(client.emitMany(`${stream.name}.a`, [1], unknown))).toMatchObject({
      option: 'concurrency',
    });
    expect(await rejection(client.emitMany(`${stream.name}.a`, [1, null]))).toMatchObject({ option: 'data' });
  });
});

describe('NatsJetStreamTransport', () => {
  const { options: connectionOptions } = connections();
  const options: NatsJetStreamClientOptions = { connectionOptions };

  @Injectable()
  class OptionsFactory {
    create(): NatsJetStreamClientOptions {
      return options;
    }
  }

  @Module({ providers: [OptionsFactory], exports: [OptionsFactory] })
  class OptionsModule {}

  @Injectable()
  class Shop {
    constructor(readonly client: NatsJetStreamClientProxy) {}
  }

  it.each([
    ['register', () => NatsJetStreamTransport.register(options)],
    [
      'registerAsync with useFactory',
      () => NatsJetStreamTransport.registerAsync({ useFactory: async () => options }),
    ],
    ['registerAsync with useClass', () => NatsJetStreamTransport.registerAsync({ useClass: OptionsFactory })],
    [
      'registerAsync with useExisting',
      () => NatsJetStreamTransport.registerAsync({ imports: [OptionsModule], useExisting: OptionsFactory }),
    ],
  ])('%s provides a client, and closes it with the application', async (_, register) => {
    const app = await Test.createTestingModule({ imports: [register()], providers: [Shop] }).compile();
    await app.init();
    const nc = await app.get(Shop).client.connect();
    expect(nc.isClosed()).toBe(false);
    await app.close();
    expect(nc.isClosed()).toBe(true);
  });

  it.each([
    ['register', () => NatsJetStreamTransport.register({ ...options, isGlobal: true })],
    [
      'registerAsync',
      () => NatsJetStreamTransport.registerAsync({ isGlobal: true, useFactory: () => options }),
    ],
  ])('%s with isGlobal provides it to all modules', async (_, register) => {
    @Module({ providers: [Shop] })
    class ShopModule {}
    const app = await Test.createTestingModule({ imports: [register(), ShopModule] }).compile();
    expect(app.get(Shop, { strict: false }).client).toBeInstanceOf(NatsJetStreamClientProxy);
    await app.close();
  });

  it('is provided to importing modules only without isGlobal', async () => {
    @Module({ providers: [Shop] })
    class ShopModule {}
    const compiling = Test.createTestingModule({
      imports: [NatsJetStreamTransport.register(options), ShopModule],
    }).compile();
    await expect(compiling).rejects.toThrow('NatsJetStreamClientProxy');
  });
});

describe('ClientsModule with customClass', () => {
  it('provides clients by name, for several clusters, and closes them with the application', async () => {
    const [one, other] = [connections(), connections()];
    const app = await Test.createTestingModule({
      imports: [
        ClientsModule.register([
          { name: 'ONE', customClass: NatsJetStreamClientProxy, options: { connectionOptions: one.options } },
          {
            name: 'OTHER',
            customClass: NatsJetStreamClientProxy,
            options: { connectionOptions: other.options },
          },
        ]),
      ],
    }).compile();
    await app.init();
    await Promise.all(
      ['ONE', 'OTHER'].map(async (name) => app.get<NatsJetStreamClientProxy>(name).connect()),
    );
    expect([one.opened.length, other.opened.length]).toEqual([1, 1]);
    await app.close();
    expect([...one.opened, ...other.opened].every((nc) => nc.isClosed())).toBe(true);
  });
});

async function lastStatus(client: NatsJetStreamClientProxy): Promise<NatsJetStreamStatus> {
  return new Promise((resolve) => client.status.subscribe(resolve));
}
