// A program that handles the numbers of a JetStream stream, for tests that kill one of two processes.
// Arguments: url, service, stream. It prints each number when it starts and ends handling it.
import 'reflect-metadata';
import { Controller, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { EventPattern, Payload } from '@nestjs/microservices';
import { NatsJetStreamServer } from '../../src/transport/server/nats-jetstream-server.js';

const [servers, name] = process.argv.slice(2) as [string, string];

@Controller()
class Listener {
  @EventPattern<string>(`${name}.n`)
  async on(@Payload() number: number): Promise<void> {
    process.stdout.write(`begin ${number}\n`);
    await new Promise((resolve) => setTimeout(resolve, 5));
    process.stdout.write(`end ${number}\n`);
  }
}

@Module({ controllers: [Listener] })
class ListenerModule {}

const app = await NestFactory.createMicroservice(ListenerModule, {
  logger: false,
  strategy: new NatsJetStreamServer({
    connectionOptions: { servers, name },
    consumerOptions: { ackWait: 1_000, concurrency: 4 },
  }),
});
await app.listen();
process.stdout.write('ready\n');
