// The transport compared with the raw client and Nest's own NATS transport, in one run: events until they are
// acknowledged, and until they are handled; requests until they are answered.
import 'reflect-metadata';
import { Controller, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ClientNats, EventPattern, MessagePattern, Transport } from '@nestjs/microservices';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { startNatsServer } from 'jetsource/testing';
import { NATS_JETSTREAM_TRANSPORT, NatsJetStreamClientProxy, NatsJetStreamServer } from 'jetsource/transport';
import { lastValueFrom, type Observable } from 'rxjs';
import { compare } from './compare.js';

const ROUNDS = 5;
const EMITS = 5_000;
const REQUESTS = 5_000;
const CHAIN = 1_000;
const WIDTH = 256;
const ORDER = { id: 1, product: 'Socks', quantity: 1, text: 'x'.repeat(180) };

/** Waits for events to be handled. */
class Handled {
  #count = 0;
  #wanted = Infinity;
  #done: () => void = () => undefined;

  note(): void {
    this.#count += 1;
    if (this.#count >= this.#wanted) this.#done();
  }

  /** Resolves when that many more have been handled. */
  async more(count: number): Promise<void> {
    this.#wanted = this.#count + count;
    return new Promise((resolve) => (this.#done = resolve));
  }
}

const handled = { jetsource: new Handled(), nest: new Handled(), raw: new Handled() };

@Controller()
class JetsourceHandlers {
  @EventPattern<string>('handled.jetsource', NATS_JETSTREAM_TRANSPORT, {
    consumer: { maxAckPending: 10_000, concurrency: WIDTH },
  })
  onEvent(): void {
    handled.jetsource.note();
  }

  @MessagePattern('jetsource.sum', NATS_JETSTREAM_TRANSPORT)
  sum(numbers: number[]): number {
    return numbers.reduce((sum, number) => sum + number, 0);
  }
}

@Controller()
class NestHandlers {
  @EventPattern<string>('nest.handled', Transport.NATS)
  onEvent(): void {
    handled.nest.note();
  }

  @MessagePattern('nest.sum', Transport.NATS)
  sum(numbers: number[]): number {
    return numbers.reduce((sum, number) => sum + number, 0);
  }
}

@Module({ controllers: [JetsourceHandlers] })
class JetsourceModule {}

@Module({ controllers: [NestHandlers] })
class NestModule {}

const server = await startNatsServer({ ownProcess: true });
const connectionOptions = { servers: server.url, name: 'bench' };
const client = new NatsJetStreamClientProxy({
  connectionOptions: { servers: server.url },
  streamConfig: { name: 'orders', subjects: ['order.*', 'handled.*'] },
});
await client.connect();
const nestClient = new ClientNats({ servers: [server.url] });
await nestClient.connect();
const nc = await connect({ servers: server.url });
const js = jetstream(nc);

const service = await NestFactory.createMicroservice(JetsourceModule, {
  logger: false,
  strategy: new NatsJetStreamServer({ connectionOptions }),
});
await service.listen();
const nestService = await NestFactory.createMicroservice(NestModule, {
  logger: false,
  transport: Transport.NATS,
  options: { servers: [server.url] },
});
await nestService.listen();
nc.subscribe('raw.sum', {
  callback: (_, message) => {
    const numbers = message.json<number[]>();
    message.respond(JSON.stringify(numbers.reduce((sum, number) => sum + number, 0)));
  },
});
const manager = await jetstreamManager(nc);
await manager.consumers.add('orders', {
  durable_name: 'raw',
  filter_subject: 'handled.raw',
  ack_policy: 'explicit',
  max_ack_pending: 10_000,
});
const consumed = await (
  await js.consumers.get('orders', 'raw')
).consume({
  max_messages: 2 * WIDTH,
  callback: (message) => {
    message.json();
    handled.raw.note();
    message.ack();
  },
});
await nc.flush();

/** Runs `task` that many times, with a limit of runs at a time. */
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

const emitTo = (subject: string) => async (): Promise<unknown> => lastValueFrom(client.emit(subject, ORDER));
const rawPublishTo = (subject: string) => async (): Promise<unknown> =>
  js.publish(subject, JSON.stringify(ORDER));
const nestEmit = async (): Promise<unknown> => lastValueFrom(nestClient.emit('nest.handled', ORDER));

/** Publishes events, with a limit of unacknowledged ones, until the last is handled. */
async function untilHandled(
  count: number,
  width: number,
  by: Handled,
  publish: () => Promise<unknown>,
): Promise<number> {
  const last = by.more(count);
  await times(count, width, publish);
  await last;
  return count;
}

/** Publishes the next event when the one before has been handled. */
async function oneByOne(count: number, by: Handled, publish: () => Promise<unknown>): Promise<number> {
  return times(count, 1, async () => untilHandled(1, 1, by, publish));
}

await compare('publish until it is handled, one after the other', ROUNDS, [
  {
    name: 'jetsource emit, jetsource server',
    run: async () => oneByOne(CHAIN, handled.jetsource, emitTo('handled.jetsource')),
  },
  {
    name: 'js.publish, consumer.consume',
    run: async () => oneByOne(CHAIN, handled.raw, rawPublishTo('handled.raw')),
  },
  {
    name: 'Nest’s NATS client and server, nothing stored',
    run: async () => oneByOne(CHAIN, handled.nest, nestEmit),
  },
]);
await compare(`publish until all are handled, ${WIDTH} at a time`, ROUNDS, [
  {
    name: 'jetsource emit, jetsource server',
    run: async () => untilHandled(EMITS, WIDTH, handled.jetsource, emitTo('handled.jetsource')),
  },
  {
    name: 'jetsource emitMany, jetsource server',
    run: async () => {
      const last = handled.jetsource.more(EMITS);
      const orders = Array.from({ length: EMITS }, () => ORDER);
      await client.emitMany('handled.jetsource', orders, { maxInFlight: WIDTH });
      await last;
      return EMITS;
    },
  },
  {
    name: 'js.publish, consumer.consume',
    run: async () => untilHandled(EMITS, WIDTH, handled.raw, rawPublishTo('handled.raw')),
  },
  {
    name: 'Nest’s NATS client and server, nothing stored',
    run: async () => untilHandled(EMITS, WIDTH, handled.nest, nestEmit),
  },
]);

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
      name: 'jetsource client and server',
      run: async () => times(count, width, asks(client, 'jetsource.sum')),
    },
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

consumed.stop();
await client.close();
await nestClient.close();
await service.close();
await nestService.close();
await nc.close();
await server.stop();
