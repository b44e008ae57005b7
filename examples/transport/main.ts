// Publisher and listener in one application, over HTTP, JetStream and core NATS.
import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { startNatsServer } from 'jetsource/testing';
import { NatsJetStreamServer } from 'jetsource/transport';
import { HybridModule } from './hybrid.module.js';

// without NATS_URL it starts its own server, which ends with this process
const servers = process.env['NATS_URL'] || (await startNatsServer()).url;

const app = await NestFactory.create(HybridModule.on({ servers, name: 'shop' }));
app.connectMicroservice({ strategy: app.get(NatsJetStreamServer) });
app.enableShutdownHooks();
await app.startAllMicroservices();
await app.listen(process.env['PORT'] || 3000);

const url = await app.getUrl();
console.log(
  `Try ${url}/create, ${url}/update, ${url}/delete, ${url}/sum and ${url}/health; stop with Ctrl-C.`,
);
