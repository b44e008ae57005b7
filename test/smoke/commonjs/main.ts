// A CommonJS application as older templates of Nest make it: events and requests through the transport.
import 'reflect-metadata';
import { Controller, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Ctx, EventPattern, MessagePattern, Payload } from '@nestjs/microservices';
import { startNatsServer } from 'jetsource/testing';
import {
  type JsMsg,
  NatsJetStreamClientProxy,
  NatsJetStreamContext,
  NatsJetStreamServer,
  NatsJetStreamTransport,
  type PubAck,
} from 'jetsource/transport';
import { lastValueFrom } from 'rxjs';

@Controller()
class AppController {
  readonly handled: number[] = [];

  @EventPattern<string>('order.created')
  async onCreated(
    @Payload() order: { readonly id: number },
    @Ctx() context: NatsJetStreamContext,
  ): Promise<void> {
    const message: JsMsg = context.message;
    message.ack();
    this.handled.push(order.id);
  }

  @MessagePattern({ cmd: 'sum' })
  sum(@Payload() numbers: number[]): number {
    return numbers.reduce((sum, number) => sum + number, 0);
  }
}

async function run(): Promise<void> {
  const server = await startNatsServer({ ownProcess: true });
  const connectionOptions = { servers: server.url, name: 'shop' };

  @Module({
    imports: [NatsJetStreamTransport.register({ connectionOptions })],
    controllers: [AppController],
  })
  class AppModule {}

  const app = await NestFactory.create(AppModule, { logger: ['error'] });
  app.connectMicroservice({
    strategy: new NatsJetStreamServer({
      connectionOptions,
      consumerOptions: { deliverPolicy: 'All', ackPolicy: 'Explicit', manualAck: true },
      streamConfig: { name: 'orders', subjects: ['order.*'] },
    }),
  });
  await app.init();
  await app.startAllMicroservices();
  const client = app.get(NatsJetStreamClientProxy);
  const ack = await lastValueFrom(client.emit<PubAck>('order.created', { id: 7 }));
  // @ts-expect-error the types are found: seq is a number
  const text: string = ack.seq;
  const sum = await lastValueFrom(client.send<number>({ cmd: 'sum' }, [1, 2, 3]));
  if (Number(text) !== 1 || sum !== 6) throw new Error(`wrong answers: ${text}, ${sum}`);
  const { handled } = app.get(AppController);
  for (let tries = 0; handled.length === 0; tries += 1) {
    if (tries > 500) throw new Error('the event was not handled');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  await app.close();
  await server.stop();
}

void run();
