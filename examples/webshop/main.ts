import { isJetsourceError } from 'jetsource';
import { startNatsServer } from 'jetsource/testing';
import { startShop } from './start-shop.js';

async function main(): Promise<void> {
  const port = Number(process.env['PORT'] || 3000);
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw new RangeError(`PORT has to be an integer from 0 to 65535; given: ${process.env['PORT']}`);
  // without NATS_URL the shop starts a server, whose folder keeps the orders for the next start
  const servers = process.env['NATS_URL'] || (await startNatsServer({ storeDir: '.webshop' })).url;
  const { url } = await startShop(servers, port);

  console.log(`The shop serves on ${url}, its events are at ${servers}; Ctrl-C ends it. Try:

  curl -i ${url}/orders -H 'content-type: application/json' \\
    -d '{"customer":"ada","items":[{"sku":"pen","quantity":2,"priceCents":150}]}'
  curl ${url}/orders`);
}

main().catch((error: unknown) => {
  const expected =
    isJetsourceError(error) ||
    error instanceof RangeError ||
    (error as NodeJS.ErrnoException).code !== undefined;
  console.error(expected ? (error as Error).message : error);
  process.exit(1);
});
