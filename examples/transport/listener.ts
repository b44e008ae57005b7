// The listener as a separate process. You can start several: they share the events.
import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { NatsJetStreamServer } from 'jetsource/transport';
import { ListenerModule } from './listener.module.js';
import { ORDERS } from './orders.js';

const app = await NestFactory.createMicroservice(ListenerModule, {
  strategy: new NatsJetStreamServer({
    connectionOptions: { servers: process.env['NATS_URL'] || 'nats://127.0.0.1:4222', name: 'shop' },
    streamConfig: ORDERS,
  }),
});
app.enableShutdownHooks();
await app.listen();
