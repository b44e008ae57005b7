// What a handler of events costs while it is idle: consumers at the server, messages a second, and time.
// `node .bench/handlers.js 200`
import 'reflect-metadata';
import { Controller, Module, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { EventPattern } from '@nestjs/microservices';
import { jetstreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { startNatsServer } from 'jetsource/testing';
import { NatsJetStreamServer } from 'jetsource/transport';

const HANDLERS = Number(process.argv[2] ?? 200);
/** Consumers have become idle by then. */
const WARM_UP_MS = 35_000;
const MEASURED_MS = 20_000;

function listener(index: number): Type {
  @Controller()
  class Listener {
    @EventPattern<string>(`work.h${index}`)
    on(): void {}
  }
  return Listener;
}

@Module({ controllers: Array.from({ length: HANDLERS }, (_, index) => listener(index)) })
class WorkModule {}

const pause = async (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

const server = await startNatsServer({ ownProcess: true });
const strategy = new NatsJetStreamServer({
  connectionOptions: { servers: server.url, name: 'bench' },
  streamConfig: { name: 'work', subjects: ['work.*'] },
});
const app = await NestFactory.createMicroservice(WorkModule, { logger: false, strategy });
const begun = performance.now();
await app.listen();
console.log(`${HANDLERS} handlers: started in ${Math.round(performance.now() - begun)} ms`);

const nc = strategy.unwrap<NatsConnection>();
const manager = await jetstreamManager(nc);
for (const stream of ['work', 'bench-dead-letters']) {
  const { state } = await manager.streams.info(stream);
  console.log(`${state.consumer_count} consumers on ${stream}`);
}

/** Prints what the connection and this process do in a while. */
async function measure(when: string): Promise<void> {
  const before = nc.stats();
  const cpu = process.cpuUsage();
  await pause(MEASURED_MS);
  const after = nc.stats();
  const { user, system } = process.cpuUsage(cpu);
  const perSecond = (count: number): string => ((count * 1_000) / MEASURED_MS).toFixed(0);
  console.log(
    `${when}: ${perSecond(after.inMsgs - before.inMsgs)} messages/s in, ` +
      `${perSecond(after.outMsgs - before.outMsgs)} out, ` +
      `${((user + system) / 10 / MEASURED_MS).toFixed(1)} % of a core`,
  );
}

await pause(3_000);
await measure('just started');
await pause(WARM_UP_MS - MEASURED_MS);
await measure('idle');
const stopping = performance.now();
await app.close();
console.log(`stopped in ${Math.round(performance.now() - stopping)} ms`);
await server.stop();
