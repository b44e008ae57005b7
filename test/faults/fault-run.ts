// Runs writers on a cluster of three while its leader is killed, stopped and demoted, and connections are cut
// and delayed. Checks that no acknowledged event is lost, nothing is stored twice, versions are gapless, and
// no transaction is partial. `npm run faults -- --seconds 300`
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { connectEventStore } from '../../src/event-store/connect-event-store.js';
import { startNatsCluster } from '../../src/testing/start-nats-cluster.js';
import { ORDER_EVENTS } from '../support/order-events.js';
import { RawNats } from '../support/raw-nats.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { FAULTS, type Victims } from './faults.js';
import { Ledger } from './ledger.js';
import { verify } from './verify.js';
import { write } from './writer.js';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '120' },
    acknowledged: { type: 'string', default: '50000' },
  },
});
const seconds = Number(values.seconds);
const wanted = Number(values.acknowledged);
const WRITERS_PER_STORE = 16;
const PAUSE_MS = 1_500;
const name = 'faults';

const cluster = await startNatsCluster();
const proxies = await Promise.all(cluster.urls.map(async (url) => TcpProxy.to(Number(new URL(url).port))));
const stores = [];
for (const first of proxies.keys()) {
  // each connects to another server first; none may discover the servers behind the proxies
  const servers = proxies.map((_, index) => proxies[(first + index) % proxies.length]!.url);
  const options = {
    servers,
    noRandomize: true,
    ignoreClusterUpdates: true,
    replicas: 3,
    name,
    events: ORDER_EVENTS,
  };
  stores.push(await connectEventStore(options));
}
const raw = await RawNats.open(cluster.url);
const victims: Victims = { cluster, proxies, store: name, raw };

const ledger = new Ledger();
const stop = new AbortController();
const writers = Promise.all(
  stores.flatMap((store) =>
    Array.from({ length: WRITERS_PER_STORE }, async () => write(store, ledger, stop.signal)),
  ),
);
const failed = writers.then(
  () => undefined,
  (error: unknown) => error as Error,
);

const begun = performance.now();
const elapsed = (): number => (performance.now() - begun) / 1_000;
let inflicted = 0;
for (
  let turn = 0;
  elapsed() < seconds || inflicted < FAULTS.length || ledger.acknowledged < wanted;
  turn += 1
) {
  const fault = FAULTS[turn % FAULTS.length]!;
  await delay(PAUSE_MS);
  const before = ledger.acknowledged;
  if (elapsed() < seconds || inflicted < FAULTS.length) {
    await fault.inflict(victims);
    inflicted += 1;
    console.log(
      `${elapsed().toFixed(0).padStart(4)} s  ${fault.name}: ${ledger.acknowledged - before} acknowledged meanwhile, ${ledger.acknowledged} in total`,
    );
  }
  if (elapsed() > seconds * 4)
    throw new Error(`only ${ledger.acknowledged} of ${wanted} appends were acknowledged in ${seconds * 4} s`);
}

stop.abort();
const error = await failed;
if (error !== undefined) throw error;
await cluster.ready();
const faults = await verify(stores[0]!, ledger);
console.log(
  `${ledger.acknowledged} appends acknowledged in ${elapsed().toFixed(0)} s with ${inflicted} faults, ${ledger.count('not-applied')} refused, ` +
    `${ledger.count('unknown')} of unknown outcome; longest time without an acknowledgement: ${Math.round(ledger.longestSilenceMs)} ms`,
);
for (const fault of faults.slice(0, 20)) console.log(`  ${fault}`);
console.log(faults.length === 0 ? 'all guarantees hold' : `${faults.length} guarantees are violated`);

await raw.nc.close();
await Promise.all(stores.map(async (store) => store.close()));
await Promise.all(proxies.map(async (proxy) => proxy[Symbol.asyncDispose]()));
await cluster.stop();
process.exitCode = faults.length === 0 ? 0 : 1;
