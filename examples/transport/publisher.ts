// The publisher as a separate process. Its events are stored in the JetStream stream while no listener runs.
import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { PublisherModule } from './publisher.module.js';

const servers = process.env['NATS_URL'] || 'nats://127.0.0.1:4222';
const app = await NestFactory.create(PublisherModule.on({ servers, name: 'shop-front' }));
app.enableShutdownHooks();
await app.listen(process.env['PORT'] || 3000);

const url = await app.getUrl();
console.log(`Try ${url}/create, ${url}/update, ${url}/delete and ${url}/sum; stop with Ctrl-C.`);
