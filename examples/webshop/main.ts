import { startNatsServer } from 'jetsource/testing';
import { startShop } from './start-shop.js';

const PORT = Number(process.env['PORT'] ?? 3000);
const servers = process.env['NATS_URL'] ?? (await startNatsServer({ storeDir: '.webshop' })).url;
const shop = await startShop(servers, PORT);

console.log(`The shop serves on ${shop.url}, its events are at ${servers}; Ctrl-C ends it. Try:

  curl -i ${shop.url}/orders -H 'content-type: application/json' \\
    -d '{"customer":"ada","items":[{"sku":"pen","quantity":2,"priceCents":150}]}'
  curl ${shop.url}/orders`);
