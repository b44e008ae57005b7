// Uses the transport with the installed version of Nest: events and requests through an application, and its
// errors. Then projection classes, and the durable event bus.
import 'reflect-metadata';
import { strict as assert } from 'node:assert';
import { createRequire } from 'node:module';
import { Controller, Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  ClientsModule,
  Ctx,
  EventPattern,
  MessagePattern,
  Payload,
  RpcException,
} from '@nestjs/microservices';
import { startNatsServer } from 'jetsource/testing';
import {
  DeadLetters,
  NatsJetStreamClientProxy,
  NatsJetStreamContext,
  NatsJetStreamRecordBuilder,
  NatsJetStreamServer,
  NatsJetStreamServerModule,
  NatsJetStreamTransport,
  type NatsConnection,
  type PubAck,
} from 'jetsource/transport';
import { from, lastValueFrom, type Observable, toArray } from 'rxjs';
import { cqrs } from './cqrs.js';
import { projections } from './projections.js';

const server = await startNatsServer({ ownProcess: true });
const connectionOptions = { servers: server.url, name: 'smoke' };
const options = { connectionOptions, streamConfig: { name: 'orders', subjects: ['order.*'] } };

const handled: unknown[] = [];

@Controller()
class Listener {
  @EventPattern<string>('order.created')
  async onCreated(@Payload() order: { id: number }, @Ctx() context: NatsJetStreamContext): Promise<void> {
    handled.push([order.id, context.message.seq]);
  }

  @EventPattern<string>('order.broken', { consumer: { maxDeliver: 2, backoff: [1] } })
  onBroken(): void {
    throw new TypeError('broken');
  }

  @MessagePattern('sum')
  sum(numbers: number[]): number {
    return numbers.reduce((sum, number) => sum + number, 0);
  }

  @MessagePattern('count')
  count(to: number): Observable<number> {
    return from(Array.from({ length: to }, (_, index) => index));
  }

  @MessagePattern('refuse')
  refuse(): void {
    throw new RpcException({ reason: 'no' });
  }
}

@Injectable()
class Shop {
  constructor(readonly client: NatsJetStreamClientProxy) {}
}

@Module({
  imports: [
    NatsJetStreamServerModule.register(options),
    NatsJetStreamTransport.register(options),
    ClientsModule.register([{ name: 'OTHER', customClass: NatsJetStreamClientProxy, options }]),
  ],
  controllers: [Listener],
  providers: [Shop],
})
class ShopModule {}

async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  for (let tries = 0; !(await isSo()); tries += 1) {
    assert.ok(tries < 500, 'timed out');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

const app = await NestFactory.create(ShopModule, { logger: ['fatal'] });
app.connectMicroservice({ strategy: app.get(NatsJetStreamServer) });
await app.startAllMicroservices();
await app.init();
const { client } = app.get(Shop);
const nc: NatsConnection = await client.connect();

const record = new NatsJetStreamRecordBuilder({ id: 1 }).setMsgId('one').build();
assert.equal((await lastValueFrom(client.emit<PubAck>('order.created', record))).seq, 1);
const other = app.get<NatsJetStreamClientProxy>('OTHER');
assert.equal((await lastValueFrom(other.emit<PubAck>('order.created', record))).duplicate, true);

await until(() => handled.length === 1);
assert.deepEqual(handled, [[1, 1]]);

await lastValueFrom(client.emit('order.broken', {}));
const deadLetters = await DeadLetters.open({ connectionOptions });
const errors: string[] = [];
await until(async () => {
  for await (const { error } of deadLetters.list()) errors.push(error.message);
  return errors.length > 0;
});
assert.equal(errors[0], 'broken');
await deadLetters.close();

assert.equal(await lastValueFrom(client.send('sum', [1, 2, 3])), 6);
assert.deepEqual(await lastValueFrom(client.send('count', 3).pipe(toArray())), [0, 1, 2]);
await assert.rejects(lastValueFrom(client.send('refuse', 0)), { reason: 'no' });
await assert.rejects(lastValueFrom(client.send('unknown', 0)), { code: 'no-responder' });

await app.close();
assert.equal(nc.isClosed(), true);
await projections(server.url);
await cqrs(server.url);
await server.stop();
const { version } = createRequire(import.meta.url)('@nestjs/core/package.json') as { version: string };
console.log(`the transport, projection classes and the event bus work on Nest ${version}`);
