// A program that handles the numbers of a JetStream stream side by side, and whose process ends when it handles
// number 13. Arguments: url, service. It prints each number that it has handled.
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
    await new Promise((resolve) => setTimeout(resolve, 20));
    if (number === 13) process.kill(process.pid, 'SIGKILL');
    process.stdout.write(`${number}\n`);
  }
}

@Module({ controllers: [Listener] })
class ListenerModule {}

const app = await NestFactory.createMicroservice(ListenerModule, {
  logger: false,
  strategy: new NatsJetStreamServer({
    connectionOptions: { servers, name },
    consumerOptions: { ackWait: 500, concurrency: 20, maxDeliver: 1 },
  }),
});
await app.listen();
