// The transport on whichever Nest is installed: events and requests through an application, and what it says when something is wrong.
import 'reflect-metadata';
import { strict as assert } from 'node:assert';
import { createRequire } from 'node:module';
import { Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ClientsModule } from '@nestjs/microservices';
import { startNatsServer } from 'jetsource/testing';
import {
  NatsJetStreamClientProxy,
  NatsJetStreamRecordBuilder,
  NatsJetStreamTransport,
  type NatsConnection,
  type PubAck,
} from 'jetsource/transport';
import { lastValueFrom } from 'rxjs';

const server = await startNatsServer({ ownProcess: true });
const connectionOptions = { servers: server.url, name: 'smoke' };
const options = { connectionOptions, streamConfig: { name: 'orders', subjects: ['order.*'] } };

@Injectable()
class Shop {
  constructor(readonly client: NatsJetStreamClientProxy) {}
}

@Module({
  imports: [
    NatsJetStreamTransport.register(options),
    ClientsModule.register([{ name: 'OTHER', customClass: NatsJetStreamClientProxy, options }]),
  ],
  providers: [Shop],
})
class ShopModule {}

const app = await NestFactory.createApplicationContext(ShopModule, { logger: ['error', 'warn'] });
const { client } = app.get(Shop);
const nc: NatsConnection = await client.connect();

const record = new NatsJetStreamRecordBuilder({ id: 1 }).setMsgId('one').build();
assert.equal((await lastValueFrom(client.emit<PubAck>('order.created', record))).seq, 1);
const other = app.get<NatsJetStreamClientProxy>('OTHER');
assert.equal((await lastValueFrom(other.emit<PubAck>('order.created', record))).duplicate, true);

nc.subscribe('sum', {
  callback: (_, message) => void message.respond(JSON.stringify({ response: 6, isDisposed: true })),
});
assert.equal(await lastValueFrom(client.send('sum', [1, 2, 3])), 6);
await assert.rejects(lastValueFrom(client.send('unknown', 0)), { code: 'no-responder' });

await app.close();
assert.equal(nc.isClosed(), true);
await server.stop();
const { version } = createRequire(import.meta.url)('@nestjs/core/package.json') as { version: string };
console.log(`the transport works on Nest ${version}`);
