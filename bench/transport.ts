// The transport beside the raw client and Nest's own NATS transport, in one run: emits that are acknowledged, and requests that are answered.
import 'reflect-metadata';
import { Controller, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ClientNats, MessagePattern, Transport } from '@nestjs/microservices';
import { jetstream } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { startNatsServer } from 'jetsource/testing';
import { NatsJetStreamClientProxy } from 'jetsource/transport';
import { lastValueFrom, type Observable } from 'rxjs';
import { compare } from './compare.js';

const ROUNDS = 5;
const EMITS = 5_000;
const REQUESTS = 5_000;
const CHAIN = 1_000;
const WIDTH = 256;
const ORDER = { id: 1, product: 'Socks', quantity: 1, text: 'x'.repeat(180) };

@Controller()
class Sums {
  @MessagePattern('nest.sum')
  sum(numbers: number[]): number {
    return numbers.reduce((sum, number) => sum + number, 0);
  }
}

@Module({ controllers: [Sums] })
class SumsModule {}

const server = await startNatsServer({ ownProcess: true });
const connectionOptions = { servers: server.url };
const client = new NatsJetStreamClientProxy({
  connectionOptions,
  streamConfig: { name: 'orders', subjects: ['order.*'] },
});
await client.connect();
const nestClient = new ClientNats({ servers: [server.url] });
await nestClient.connect();
const nc = await connect(connectionOptions);
const js = jetstream(nc);

const service = await NestFactory.createMicroservice(SumsModule, {
  logger: false,
  transport: Transport.NATS,
  options: { servers: [server.url] },
});
await service.listen();
nc.subscribe('raw.sum', {
  callback: (_, message) => {
    const numbers = message.json<number[]>();
    message.respond(JSON.stringify(numbers.reduce((sum, number) => sum + number, 0)));
  },
});
await nc.flush();

/** Runs `task` so often, so many at a time. */
async function times(count: number, width: number, task: () => Promise<unknown>): Promise<number> {
  let left = count;
  await Promise.all(
    Array.from({ length: width }, async () => {
      while (left-- > 0) await task();
    }),
  );
  return count;
}

const emit = async (): Promise<unknown> => lastValueFrom(client.emit('order.created', ORDER));
const rawPublish = async (): Promise<unknown> => js.publish('order.created', JSON.stringify(ORDER));

console.log(
  `nats-server ${server.version}, one node, file storage; events of ${JSON.stringify(ORDER).length} bytes`,
);

for (const [title, count, width] of [
  ['emit and be acknowledged, one after the other', CHAIN, 1],
  [`emit and be acknowledged, ${WIDTH} at a time`, EMITS, WIDTH],
] as const) {
  await compare(title, ROUNDS, [
    { name: 'jetsource emit', run: async () => times(count, width, emit) },
    {
      name: 'jetsource emitMany',
      run: async () => {
        const orders = Array.from({ length: count }, () => ORDER);
        return (await client.emitMany('order.created', orders, { maxInFlight: width })).length;
      },
    },
    { name: 'js.publish', run: async () => times(count, width, rawPublish) },
  ]);
}

const asks =
  (caller: { send(pattern: string, data: unknown): Observable<unknown> }, pattern: string) => async () =>
    lastValueFrom(caller.send(pattern, [1, 2, 3]));
const rawAsk = async (): Promise<unknown> => (await nc.request('raw.sum', '[1,2,3]')).json();

for (const [title, count, width] of [
  ['request and be answered, one after the other', CHAIN, 1],
  [`request and be answered, ${WIDTH} at a time`, REQUESTS, WIDTH],
] as const) {
  await compare(title, ROUNDS, [
    {
      name: 'jetsource client, Nest’s NATS server',
      run: async () => times(count, width, asks(client, 'nest.sum')),
    },
    {
      name: 'Nest’s NATS client and server',
      run: async () => times(count, width, asks(nestClient, 'nest.sum')),
    },
    { name: 'nc.request, a callback that responds', run: async () => times(count, width, rawAsk) },
  ]);
}

await client.close();
await nestClient.close();
await service.close();
await nc.close();
await server.stop();
