import { Controller, Get, type INestApplication, Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Ctx, EventPattern, MessagePattern, Payload } from '@nestjs/microservices';
// the imports of a program of the older transport, from it and from `nats`
import {
  type JsMsg,
  NatsJetStreamClientProxy,
  type NatsJetStreamContext,
  NatsJetStreamServer,
  type NatsJetStreamServerOptions,
  NatsJetStreamTransport,
  type PubAck,
} from 'jetsource/transport';
import type { Observable } from 'rxjs';
import { until } from '../support/collect.js';
import { sharedServerUrl } from '../support/server-url.js';
import { onlyConsumer, raw } from './consumer-state.js';
import { uniqueStream } from './shared-client.js';

const { name } = uniqueStream();
const streamConfig = { name, subjects: [`${name}.*`] };
const handled: [instance: number, id: unknown][] = [];

/** The application of the older transport's README, with the options that it recommends. */
async function startApplication(instance: number): Promise<INestApplication> {
  @Injectable()
  class AppService {
    constructor(private readonly client: NatsJetStreamClientProxy) {}

    createOrder(id: number): Observable<PubAck> {
      return this.client.emit<PubAck>(`${name}.created`, { id, product: 'Socks' });
    }

    accumulate(numbers: number[]): Observable<number> {
      return this.client.send<number>({ cmd: `${name}-sum` }, numbers);
    }
  }

  @Controller()
  class AppController {
    constructor(private readonly service: AppService) {}

    @Get('/create')
    create(): Observable<PubAck> {
      return this.service.createOrder(1);
    }

    @Get('/sum')
    sum(): Observable<number> {
      return this.service.accumulate([1, 2, 3]);
    }

    @EventPattern<string>(`${name}.created`)
    async onCreated(
      @Payload() order: { readonly id: number },
      @Ctx() context: NatsJetStreamContext,
    ): Promise<void> {
      const message: JsMsg = context.message;
      message.ack();
      handled.push([instance, order.id]);
    }

    @MessagePattern({ cmd: `${name}-sum` })
    accumulate(@Payload() numbers: number[]): number {
      return numbers.reduce((sum, number) => sum + number, 0);
    }
  }

  @Module({
    imports: [
      NatsJetStreamTransport.registerAsync({
        useFactory: () => ({ connectionOptions: { servers: sharedServerUrl(), name: 'publisher' } }),
      }),
    ],
    controllers: [AppController],
    providers: [AppService],
  })
  class AppModule {}

  const options: NatsJetStreamServerOptions = {
    connectionOptions: { servers: sharedServerUrl(), name: 'listener' },
    consumerOptions: {
      deliverGroup: `${name}-group`,
      durable: `${name}-durable`,
      deliverTo: `${name}-messages`,
      manualAck: true,
      deliverPolicy: 'All',
      ackPolicy: 'Explicit',
      replayPolicy: 'Instant',
    },
    streamConfig,
  };
  const app = await NestFactory.create(AppModule, { logger: false });
  const microservice = app.connectMicroservice({ strategy: new NatsJetStreamServer(options) });
  await microservice.listen();
  await app.listen(0, '127.0.0.1');
  return app;
}

describe('a program of the older transport with its import paths changed', () => {
  it('emits, consumes, requests and answers, and shares events with another instance', async () => {
    const apps = await Promise.all([1, 2].map(startApplication));
    try {
      const url = (await apps[0]?.getUrl()) ?? '';
      for (let n = 1; n <= 40; n += 1) {
        const answer = await (await fetch(`${url}/create`)).json();
        expect(answer).toEqual({ stream: name, seq: n, duplicate: false });
      }
      expect(await (await fetch(`${url}/sum`)).json()).toBe(6);
      await until('each is handled', () => handled.length === 40);
      expect(new Set(handled.map(([instance]) => instance))).toEqual(new Set([1, 2]));
      // both instances subscribe to one push consumer, in its group
      const { name: consumer, config } = await onlyConsumer(name);
      expect(consumer).toContain(`${name}-durable`);
      expect(config).toMatchObject({ deliver_group: `${name}-group` });
      expect(config['deliver_subject']).toMatch(new RegExp(`^${name}-messages`));
    } finally {
      await Promise.all(apps.map(async (app) => app.close()));
    }
    expect(await raw.consumers(name)).toHaveLength(1);
  });
});
