import type { NatsConnection } from '@nats-io/transport-node';
import { Controller, Injectable, Module, type OnApplicationBootstrap } from '@nestjs/common';
import { Ctx, EventPattern, MessagePattern, Payload } from '@nestjs/microservices';
import { HealthCheckService, TerminusModule } from '@nestjs/terminus';
import { Test } from '@nestjs/testing';
import { firstValueFrom, lastValueFrom } from 'rxjs';
import { NatsJetStreamHealthIndicator } from '../../src/transport/server/nats-jetstream-health-indicator.js';
import { NatsJetStreamServer } from '../../src/transport/server/nats-jetstream-server.js';
import { NatsJetStreamServerModule } from '../../src/transport/server/nats-jetstream-server.module.js';
import type { NatsConnectionOptions } from '../../src/transport/connection-options.js';
import type { NatsJetStreamStatus } from '../../src/transport/transport-events.js';
import { rejection, until } from '../support/collect.js';
import { sharedServerUrl } from '../support/server-url.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { emitFirst, emitNumbers, pause, raw, untilAcknowledged } from './consumer-state.js';
import { openClient, uniqueStream } from './shared-client.js';
import { listener, startService } from './shared-service.js';

describe('listen', () => {
  it.each([
    ['no server', { connectionOptions: { servers: 'nats://127.0.0.1:1', name: 'x' } }, 'nats'],
    ['a stream that cannot be', { streamConfig: { name: 'a b', subjects: ['x'] } }, 'invalid-option'],
    [
      'an option of a handler',
      { consumerOptions: { startSequence: 1, startTime: new Date() } },
      'invalid-option',
    ],
  ])('passes its failure to the callback: %s', async (_, options, code) => {
    const { name } = uniqueStream();
    const error = await rejection(startService(name, [listener(`${name}.n`, () => undefined)], options));
    expect(error).toMatchObject({ code });
  });

  it('refuses an unknown option, and two names of one option', () => {
    expect(() => new NatsJetStreamServer({ conectionOptions: {} } as never)).toThrow(
      expect.objectContaining({ code: 'invalid-option', option: 'conectionOptions' }),
    );
    expect(() => new NatsJetStreamServer({ consumerOptions: {}, serverConsumerOptions: {} })).toThrow(
      expect.objectContaining({
        code: 'invalid-option',
        message: expect.stringContaining('consumerOptions'),
      }),
    );
    expect(() => new NatsJetStreamServer({ serverConsumerOptions: { sample: 200 } })).toThrow(
      expect.objectContaining({ code: 'invalid-option', option: 'consumerOptions.sample' }),
    );
  });

  it('starts one server when it is called twice, and none after close', async () => {
    const streamConfig = uniqueStream();
    const { name } = streamConfig;
    const seen: unknown[] = [];
    const { server } = await startService(name, [listener(`${name}.n`, (number) => seen.push(number))], {
      streamConfig,
    });
    const connection = server.unwrap();
    const listen = async (): Promise<unknown> =>
      new Promise((resolve) => void server.listen((error) => resolve(error)));
    expect(await listen()).toBeUndefined();
    expect(server.unwrap()).toBe(connection);
    await emitNumbers(name, 3);
    await untilAcknowledged(name, 3);
    expect(seen).toEqual([1, 2, 3]);
    await server.close();
    expect(await listen()).toMatchObject({ code: 'connection-closed' });
    expect(server.health()).toMatchObject({ isHealthy: false });
  });

  it('closes the connection when it fails', async () => {
    const { name } = uniqueStream();
    const { options: connectionOptions, opened } = connections(name);
    await rejection(startService(name, [listener(`${name}.n`, () => undefined)], { connectionOptions }));
    expect(opened.map((nc) => nc.isClosed())).toEqual([true]);
  });
});

describe('close', () => {
  it('waits for handlers, hands back waiting events, and loses none', async () => {
    const streamConfig = uniqueStream();
    const { name } = streamConfig;
    const done: unknown[] = [];
    let started = 0;
    const start = async () =>
      startService(
        name,
        [
          listener(`${name}.n`, async (number) => {
            started += 1;
            await pause(200);
            done.push(number);
          }),
        ],
        { streamConfig, consumerOptions: { ackWait: 60_000 } },
      );
    await emitFirst(streamConfig, 3);
    const { app } = await start();
    await until('the first is being handled', () => started === 1);
    await app.close();
    expect(done).toEqual([1]);
    expect(started).toBe(1);
    await start();
    await untilAcknowledged(name, 3);
    expect(done).toEqual([1, 2, 3]);
  });

  it('hands back events after shutdownTimeoutMs, so that another instance gets them at once', async () => {
    const streamConfig = uniqueStream();
    const { name } = streamConfig;
    let release: () => void = () => undefined;
    const stuck = new Promise<void>((resolve) => (release = resolve));
    const seen: string[] = [];
    const { app } = await startService(
      name,
      [
        listener(`${name}.n`, async () => {
          seen.push('first');
          await stuck;
        }),
      ],
      { streamConfig, shutdownTimeoutMs: 100, consumerOptions: { ackWait: 60_000 } },
    );
    await emitNumbers(name, 1);
    await until('it is being handled', () => seen.length === 1);
    await app.close();
    await startService(name, [listener(`${name}.n`, () => seen.push('second'))]);
    await untilAcknowledged(name, 1);
    expect(seen).toEqual(['first', 'second']);
    release();
  });

  it('does not wait for the back-off of a key', async () => {
    const streamConfig = uniqueStream();
    const { name } = streamConfig;
    let isBroken = true;
    const handled: unknown[] = [];
    let tries = 0;
    const start = async () =>
      startService(
        name,
        [
          listener(`${name}.n`, (number) => {
            tries += 1;
            if (isBroken) throw new TypeError('broken');
            handled.push(number);
          }),
        ],
        { streamConfig, consumerOptions: { orderedBy: 'subject', backoff: [60_000], ackWait: 60_000 } },
      );
    const { app } = await start();
    await emitNumbers(name, 2);
    await until('it has failed', () => tries === 1);
    const begun = performance.now();
    await app.close();
    expect(performance.now() - begun).toBeLessThan(5_000);
    isBroken = false;
    await start();
    await untilAcknowledged(name, 2);
    expect(handled).toEqual([1, 2]);
  });

  it('can be called before listen, and twice', async () => {
    const server = new NatsJetStreamServer({ connectionOptions: { servers: sharedServerUrl(), name: 'x' } });
    await server.close();
    await server.close();
    const { app, server: other } = await startService(uniqueStream().name, []);
    await app.close();
    await other.close();
    expect(other.health()).toEqual({ isHealthy: false, connection: 'disconnected', consumers: [] });
  });
});

describe('a server', () => {
  it('reports status and events of the connection, and returns it by unwrap', async () => {
    const { name } = uniqueStream();
    await using proxy = await TcpProxy.to(Number(new URL(sharedServerUrl()).port));
    const { app, server } = await startService(name, [], { connectionOptions: { servers: proxy.url, name } });
    const states: NatsJetStreamStatus[] = [];
    const happened: string[] = [];
    app.status.subscribe((status) => states.push(status as NatsJetStreamStatus));
    server.on('disconnect', () => happened.push('disconnect'));
    server.on('reconnect', () => happened.push('reconnect'));
    expect(server.unwrap().getServer()).toContain(String(proxy.port));
    proxy.cut();
    await until('it is connected again', () => happened.includes('reconnect'));
    await app.close();
    expect(states[0]).toBe('connected');
    expect(states.at(-1)).toBe('disconnected');
    expect(happened.slice(0, 2)).toEqual(['disconnect', 'reconnect']);
  });

  it('cannot return the connection before it listens', () => {
    expect(() => new NatsJetStreamServer().unwrap()).toThrow(/listen/);
  });

  it('runs the processing hooks once for each event and each request', async () => {
    const streamConfig = uniqueStream();
    const { name } = streamConfig;
    const calls: string[] = [];
    const server = new NatsJetStreamServer({
      connectionOptions: { servers: sharedServerUrl(), name },
      streamConfig,
    });

    @Controller()
    class Handlers {
      @EventPattern<string>(`${name}.n`)
      onEvent(): void {
        calls.push('event');
      }

      @MessagePattern(`${name}-sum`)
      sum(@Payload() numbers: number[]): number {
        calls.push('request');
        return numbers.length;
      }
    }

    const module = await Test.createTestingModule({ controllers: [Handlers] }).compile();
    const app = module.createNestMicroservice({ strategy: server, logger: false });
    server.setOnProcessingStartHook((transport, _, done) => {
      calls.push(`start ${String(transport)}`);
      void done();
    });
    server.setOnProcessingEndHook((transport) => calls.push(`end ${String(transport)}`));
    await app.listen();
    await emitNumbers(name, 1);
    await untilAcknowledged(name, 1);
    await lastValueFrom(openClient().send(`${name}-sum`, [1]));
    await until('the request has ended', () => calls.length >= 6);
    const id = 'Symbol(NATS_JETSTREAM_TRANSPORT)';
    expect(calls).toEqual([`start ${id}`, 'event', `end ${id}`, `start ${id}`, 'request', `end ${id}`]);
    await app.close();
  });

  it('can have a deserializer of its own, also an asynchronous one', async () => {
    const streamConfig = uniqueStream();
    const { name } = streamConfig;
    const seen: unknown[] = [];
    await startService(name, [listener(`${name}.n`, (payload) => seen.push(payload))], {
      streamConfig,
      deserializer: {
        deserialize: async (message: { data: Uint8Array }) => ({
          pattern: '',
          data: Buffer.from(message.data).toString().toUpperCase(),
        }),
      },
    });
    await raw.store(`${name}.n`, 'plain text');
    await until('it has come', () => seen.length > 0);
    expect(seen).toEqual(['PLAIN TEXT']);
  });

  it('shares its connection with clients of the same options', async () => {
    const streamConfig = uniqueStream();
    const { name } = streamConfig;
    const { options: connectionOptions, opened } = connections(name);
    const seen: unknown[] = [];
    const { app } = await startService(name, [listener(`${name}.n`, (number) => seen.push(number))], {
      connectionOptions,
      streamConfig,
    });
    const client = openClient({ connectionOptions });
    await lastValueFrom(client.emit(`${name}.n`, 1));
    await until('it has come', () => seen.length > 0);
    expect(opened).toHaveLength(1);
    await app.close();
    await lastValueFrom(client.emit(`${name}.n`, 2));
    await client.close();
    expect(opened.map((nc) => nc.isClosed())).toEqual([true]);
  });

  it('serves handlers that name its transport id, in an application with another server', async () => {
    const streamConfig = uniqueStream();
    const { name } = streamConfig;
    const OTHER = Symbol('other cluster');
    const seen: string[] = [];

    @Controller()
    class Handlers {
      @EventPattern<string>(`${name}.n`, OTHER)
      onOther(): void {
        seen.push('other');
      }

      @EventPattern<string>(`${name}.m`, new NatsJetStreamServer().transportId)
      onOwn(@Ctx() { message }: { message: { subject: string } }): void {
        seen.push(message.subject);
      }
    }

    const { server } = await startService(name, [Handlers], { streamConfig });
    const other = new NatsJetStreamServer({
      connectionOptions: { servers: sharedServerUrl(), name: `${name}-2` },
    });
    other.setTransportId(OTHER);
    const module = await Test.createTestingModule({ controllers: [Handlers] }).compile();
    const app = module.createNestMicroservice({ strategy: other, logger: false });
    await app.listen();
    expect(server.health().consumers.map(({ pattern }) => pattern)).toEqual([`${name}.m`]);
    expect(other.health().consumers.map(({ pattern }) => pattern)).toEqual([`${name}.n`]);
    await emitNumbers(name, 1, 'n');
    await emitNumbers(name, 1, 'm');
    await until('both have come', () => seen.length === 2);
    expect(seen.sort()).toEqual(['other', `${name}.m`]);
    await app.close();
  });
});

describe('an application that has the server as a provider', () => {
  const streamConfig = uniqueStream();
  const { name } = streamConfig;
  const order: string[] = [];

  @Injectable()
  class SlowStart implements OnApplicationBootstrap {
    async onApplicationBootstrap(): Promise<void> {
      await pause(300);
      order.push('bootstrapped');
    }
  }

  @Controller()
  class Handlers {
    @EventPattern<string>(`${name}.n`)
    onEvent(): void {
      order.push('event');
    }

    @MessagePattern(`${name}-count`)
    count(): number {
      return order.length;
    }
  }

  @Module({
    imports: [
      TerminusModule,
      NatsJetStreamServerModule.registerAsync({
        useFactory: () => ({ connectionOptions: { servers: sharedServerUrl(), name }, streamConfig }),
      }),
    ],
    providers: [SlowStart],
    controllers: [Handlers],
  })
  class AppModule {}

  it('gets events only after its bootstrap, even if its microservices were started first, and reports its health', async () => {
    await emitFirst(streamConfig, 2);
    const module = await Test.createTestingModule({ imports: [AppModule] }).compile();
    const app = module.createNestApplication({ logger: false });
    const server = app.get(NatsJetStreamServer);
    app.connectMicroservice({ strategy: server });
    await app.startAllMicroservices();
    await pause(100);
    expect(order).toEqual([]);
    await app.init();
    await untilAcknowledged(name, 2);
    expect(order).toEqual(['bootstrapped', 'event', 'event']);
    expect(await firstValueFrom(openClient().send(`${name}-count`, {}))).toBe(3);

    const indicator = app.get(NatsJetStreamHealthIndicator);
    const health = await app.get(HealthCheckService).check([() => indicator.isHealthy()]);
    expect(health).toMatchObject({
      status: 'ok',
      details: {
        'nats-jetstream': {
          status: 'up',
          connection: 'connected',
          consumers: [{ pattern: `${name}.n`, stream: name, state: 'running' }],
        },
      },
    });
    await app.close();
    await expect(
      app.get(HealthCheckService).check([() => indicator.isHealthy('nats')]),
    ).rejects.toMatchObject({ response: { status: 'shutting_down', error: { nats: { status: 'down' } } } });
  });
});

/** Options of a connection, and the connections that were opened with them. */
function connections(name: string): { options: NatsConnectionOptions; opened: NatsConnection[] } {
  const opened: NatsConnection[] = [];
  const connectedHook = (nc: NatsConnection): void => void opened.push(nc);
  return { options: { servers: sharedServerUrl(), name, connectedHook }, opened };
}
