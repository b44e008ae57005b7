import 'reflect-metadata';
import { setTimeout as sleep } from 'node:timers/promises';
import { NestFactory } from '@nestjs/core';
import { startNatsServer } from 'jetsource/testing';
import { AppModule } from './app.module.js';
import { Chronicle } from './chronicle.js';

// the heroes game of the documentation of @nestjs/cqrs, with events that survive: npm run heroes
const server = await startNatsServer();
const app = await NestFactory.create(AppModule.on(server.url), { logger: ['error', 'warn'] });
await app.listen(0);

const { port } = app.getHttpServer().address() as { readonly port: number };
await fetch(`http://127.0.0.1:${port}/heroes/anna/kill`, {
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({ dragonId: 'smok' }),
});

const chronicle = app.get(Chronicle, { strict: false });
while (chronicle.lines.length < 2) await sleep(20);
for (const line of chronicle.lines) console.log(line);

await app.close();
await server.stop();
