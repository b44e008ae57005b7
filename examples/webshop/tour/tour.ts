import type { INestApplication } from '@nestjs/common';
import type { NatsServer } from 'jetsource/testing';
import { startNatsServer } from 'jetsource/testing';
import { type Shop, startShop } from '../start-shop.js';
import { clientsCollide } from './clients-collide.js';
import { mailIsParked } from './mail-is-parked.js';
import { mailIsSentLater } from './mail-is-sent-later.js';
import { orderIsCancelled } from './order-is-cancelled.js';
import { ordersArePlaced } from './orders-are-placed.js';
import { readModelIsRebuilt } from './read-model-is-rebuilt.js';
import { requestIsRepeated } from './request-is-repeated.js';
import { serverIsKilled } from './server-is-killed.js';
import { ShopClient } from './shop-client.js';
import { shopIsKilled } from './shop-is-killed.js';
import { TourOutside } from './tour-outside.js';

/** Context of a step of the tour. */
export interface Tour {
  readonly nats: NatsServer;
  /** Two instances of the shop on one store. */
  readonly shops: readonly [ShopClient, ShopClient];
  /** The first instance, for data without an HTTP route. */
  readonly app: INestApplication;
  /** The mail server, the bank and the carrier of both instances. */
  readonly outside: TourOutside;
  /** Prints a result. */
  readonly saw: (text: string) => void;
}

interface Step {
  readonly title: string;
  readonly run: (tour: Tour) => Promise<void>;
}

const STEPS: readonly Step[] = [
  { title: 'Orders are placed and shipped', run: ordersArePlaced },
  { title: 'Two clients collide on one order', run: clientsCollide },
  { title: 'One request is sent twice', run: requestIsRepeated },
  { title: 'A mail cannot be sent at first', run: mailIsSentLater },
  { title: 'A mail cannot be sent until somebody repairs something', run: mailIsParked },
  { title: 'A shop is killed between two steps', run: shopIsKilled },
  { title: 'An order is not shipped in time', run: orderIsCancelled },
  { title: 'The NATS server is killed under load', run: serverIsKilled },
  { title: 'The read model is rebuilt while orders come in', run: readModelIsRebuilt },
];

// the tour kills its server, so it starts its own and ignores NATS_URL
await using nats = await startNatsServer({ ownProcess: true });
const outside = new TourOutside();
const started: Shop[] = [];
try {
  const failures = await walk();
  console.log(failures === 0 ? '\nAll steps succeeded.' : `\n${failures} of ${STEPS.length} steps failed.`);
  process.exitCode = failures === 0 ? 0 : 1;
} finally {
  await Promise.all(started.map(async ({ app }) => app.close()));
}

/** @returns how many steps failed. */
async function walk(): Promise<number> {
  // one after the other: each start compiles a database, which blocks this process
  const [first, second] = [await start(), await start()];
  console.log(
    `nats-server ${nats.version} on ${nats.url}, two instances of the shop on ${first.url} and ${second.url}`,
  );
  let failures = 0;
  for (const [index, { title, run }] of STEPS.entries()) {
    console.log(`\n${index + 1}. ${title}`);
    try {
      await run({
        nats,
        shops: [new ShopClient(first.url), new ShopClient(second.url)],
        app: first.app,
        outside,
        saw: (text) => console.log(`   ${text}`),
      });
    } catch (error) {
      failures += 1;
      console.log(`   FAILED: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  return failures;
}

async function start(): Promise<Shop> {
  const shop = await startShop(nats.url, 0, outside);
  started.push(shop);
  return shop;
}
