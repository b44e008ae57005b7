import type { INestApplication } from '@nestjs/common';
import type { NatsServer } from 'jetsource/testing';
import { startNatsServer } from 'jetsource/testing';
import { startShop } from '../start-shop.js';
import { clientsCollide } from './clients-collide.js';
import { ordersArePlaced } from './orders-are-placed.js';
import { readModelIsRebuilt } from './read-model-is-rebuilt.js';
import { requestIsRepeated } from './request-is-repeated.js';
import { serverIsKilled } from './server-is-killed.js';
import { ShopClient } from './shop-client.js';

/** Context of a step of the tour. */
export interface Tour {
  readonly nats: NatsServer;
  /** Two instances of the shop on one store. */
  readonly shops: readonly [ShopClient, ShopClient];
  /** The first instance, for data without an HTTP route. */
  readonly app: INestApplication;
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
  { title: 'The NATS server is killed under load', run: serverIsKilled },
  { title: 'The read model is rebuilt while orders come in', run: readModelIsRebuilt },
];

// the tour kills its server, so it starts its own and ignores NATS_URL
const nats = await startNatsServer({ ownProcess: true });
// one after the other: each start compiles a database, which blocks this process
const shops = [await startShop(nats.url, 0), await startShop(nats.url, 0)] as const;
console.log(
  `nats-server ${nats.version} on ${nats.url}, two instances of the shop on ${shops.map(({ url }) => url).join(' and ')}`,
);

let failures = 0;
for (const [index, { title, run }] of STEPS.entries()) {
  console.log(`\n${index + 1}. ${title}`);
  try {
    await run({
      nats,
      shops: [new ShopClient(shops[0].url), new ShopClient(shops[1].url)],
      app: shops[0].app,
      saw: (text) => console.log(`   ${text}`),
    });
  } catch (error) {
    failures += 1;
    console.log(`   FAILED: ${error instanceof Error ? error.message : String(error)}`);
  }
}

await Promise.all(shops.map(async ({ app }) => app.close()));
await nats.stop();
console.log(failures === 0 ? '\nAll steps succeeded.' : `\n${failures} of ${STEPS.length} steps failed.`);
process.exitCode = failures === 0 ? 0 : 1;
