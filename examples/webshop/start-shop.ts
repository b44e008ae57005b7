import 'reflect-metadata';
import type { INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Projections } from 'jetsource';
import { Outside } from './outside.js';
import { ShopModule } from './shop.module.js';

const READ_MODEL_TIMEOUT_MS = 120_000;

export interface Shop {
  readonly app: INestApplication;
  readonly url: string;
}

/** Starts one instance of the shop. Port 0 means any free port. */
export async function startShop(servers: string, port: number, outside = new Outside()): Promise<Shop> {
  const app = await NestFactory.create(ShopModule.on(servers, outside), {
    logger: ['error', 'warn'],
    abortOnError: false,
  });
  app.enableShutdownHooks();
  await app.init();
  // a read model in memory is built again at each start: without this wait, requests could miss orders meanwhile
  await app.get(Projections).waitUntilLive({ timeoutMs: READ_MODEL_TIMEOUT_MS });
  await app.listen(port, '127.0.0.1');
  return { app, url: await app.getUrl() };
}
