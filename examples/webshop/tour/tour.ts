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

/** What a step of the tour works with. */
export interface Tour {
  readonly nats: NatsServer;
  /** Two instances of the shop on one store. */
  readonly shops: readonly [ShopClient, ShopClient];
  /** The first instance, for what no HTTP route shows. */
  readonly app: INestApplication;
  /** Prints what was seen. */
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
  { title: 'The read model is dropped and rebuilt', run: readModelIsRebuilt },
];

// the tour kills its server, so it takes one of its own, whatever NATS_URL says
const nats = await startNatsServer({ ownProcess: true });
// one after the other: each compiles a database, during which this process does nothing else
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
    console.log(`   NOT AS IT SHOULD BE: ${error instanceof Error ? error.message : String(error)}`);
  }
}

await Promise.all(shops.map(async ({ app }) => app.close()));
await nats.stop();
console.log(
  failures === 0 ? '\nAll steps went as they should.' : `\n${failures} of ${STEPS.length} steps failed.`,
);
process.exitCode = failures === 0 ? 0 : 1;
