import { Controller, Inject, Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ClientsModule, EventPattern, MessagePattern, Payload } from '@nestjs/microservices';
import { lastValueFrom } from 'rxjs';
import type { NatsServer } from '../../src/testing/nats-server.js';
import { startNatsServer } from '../../src/testing/start-nats-server.js';
import { NatsJetStreamClientProxy } from '../../src/transport/client/nats-jetstream-client-proxy.js';
import { NatsJetStreamServer } from '../../src/transport/server/nats-jetstream-server.js';
import { until } from '../support/collect.js';
import { sharedServerUrl, uniqueStoreName } from '../support/server-url.js';

const EU = Symbol('eu');
const US = Symbol('us');
const name = uniqueStoreName();
const handled: [cluster: string, data: unknown][] = [];

@Controller()
class EuListener {
  @EventPattern<string>(`${name}.created`, EU)
  onCreated(@Payload() data: unknown): void {
    handled.push(['eu', data]);
  }

  @MessagePattern(`${name}-where`, EU)
  where(): string {
    return 'eu';
  }
}

@Controller()
class UsListener {
  @EventPattern<string>(`${name}.created`, US)
  onCreated(@Payload() data: unknown): void {
    handled.push(['us', data]);
  }

  @MessagePattern(`${name}-where`, US)
  where(): string {
    return 'us';
  }
}

@Injectable()
class Shop {
  constructor(
    @Inject('EU') readonly eu: NatsJetStreamClientProxy,
    @Inject('US') readonly us: NatsJetStreamClientProxy,
  ) {}
}

describe('one application on two clusters', () => {
  let other: NatsServer;

  beforeAll(async () => {
    other = await startNatsServer({ ownProcess: true });
  }, 60_000);

  afterAll(async () => other.stop());

  it('handles the events and requests of each by the handlers that name it', async () => {
    const eu = { connectionOptions: { servers: sharedServerUrl(), name } };
    const us = { connectionOptions: { servers: other.url, name } };
    const streamConfig = { name, subjects: [`${name}.*`] };

    @Module({
      imports: [
        ClientsModule.register([
          { name: 'EU', customClass: NatsJetStreamClientProxy, options: eu },
          { name: 'US', customClass: NatsJetStreamClientProxy, options: us },
        ]),
      ],
      controllers: [EuListener, UsListener],
      providers: [Shop],
    })
    class AppModule {}

    const app = await NestFactory.create(AppModule, { logger: false });
    app.connectMicroservice({ strategy: new NatsJetStreamServer({ ...eu, streamConfig, transportId: EU }) });
    app.connectMicroservice({ strategy: new NatsJetStreamServer({ ...us, streamConfig, transportId: US }) });
    try {
      await app.init();
      await app.startAllMicroservices();
      const shop = app.get(Shop);
      await lastValueFrom(shop.eu.emit(`${name}.created`, 1));
      await lastValueFrom(shop.us.emit(`${name}.created`, 2));
      await until('both are handled', () => handled.length === 2);
      expect(new Map(handled)).toEqual(
        new Map<string, unknown>([
          ['eu', 1],
          ['us', 2],
        ]),
      );
      expect(await lastValueFrom(shop.eu.send(`${name}-where`, 0))).toBe('eu');
      expect(await lastValueFrom(shop.us.send(`${name}-where`, 0))).toBe('us');
    } finally {
      await app.close();
    }
  });

  it('needs symbols to tell its servers apart', () => {
    expect(() => new NatsJetStreamServer({ transportId: 'eu' as never })).toThrow(
      expect.objectContaining({ code: 'invalid-option', option: 'transportId' }),
    );
  });
});
