// A million appends and reads on ten thousand streams. Checks that memory does not grow after the warm-up,
// and that no consumers are left on the server. `npm run soak`
import { parseArgs } from 'node:util';
import { connectEventStore } from '../../src/event-store/connect-event-store.js';
import { streamName } from '../../src/event/stream-name.js';
import { startNatsServer } from '../../src/testing/start-nats-server.js';
import { Counted, ORDER_EVENTS } from '../support/order-events.js';
import { RawNats } from '../support/raw-nats.js';

const { values } = parseArgs({ options: { appends: { type: 'string', default: '1000000' } } });
const appends = Number(values.appends);
const STREAMS = 10_000;
const WIDTH = 128;
const WARM_UP = 0.2;
/** Maximum growth of the heap after the warm-up: less than 0.1 kB for each append of the full run. */
const GROWTH_MB = 40;

const collectGarbage = (globalThis as { gc?: () => void }).gc;
if (collectGarbage === undefined) throw new Error('run with --expose-gc');
const heapMb = (): number => {
  collectGarbage();
  return process.memoryUsage().heapUsed / 1_048_576;
};

const server = await startNatsServer({ ownProcess: true });
const store = await connectEventStore({ servers: server.url, name: 'soak', events: ORDER_EVENTS });
const raw = await RawNats.open(server.url);

const begun = performance.now();
let appended = 0;
let read = 0;
let warmMb: number | undefined;

async function work(): Promise<void> {
  while (appended < appends) {
    const n = (appended += 1);
    const name = streamName('soak', `${n % STREAMS}`);
    await store.append(name, [new Counted(n)]);
    if (n % 10 === 0)
      for await (const event of store.read(name, { direction: 'backward', limit: 5 }))
        read += event.version > 0 ? 1 : 0;
    if (n % 50_000 === 0) report(n);
  }
}

function report(n: number): void {
  const mb = heapMb();
  if (n >= appends * WARM_UP) warmMb ??= mb;
  const seconds = (performance.now() - begun) / 1_000;
  console.log(
    `${n} appends, ${read} events read in ${seconds.toFixed(0)} s (${Math.round(n / seconds)} appends/s), heap ${mb.toFixed(1)} MB, rss ${(process.memoryUsage().rss / 1_048_576).toFixed(0)} MB`,
  );
}

await Promise.all(Array.from({ length: WIDTH }, work));
const replayBegun = performance.now();
let replayed = 0;
for await (const event of store.readAll()) replayed += event.version > 0 ? 1 : 0;
console.log(`${replayed} events replayed in ${((performance.now() - replayBegun) / 1_000).toFixed(1)} s`);

const faults: string[] = [];
const endMb = heapMb();
const consumers = await raw.consumers('soak');
if (warmMb !== undefined && endMb - warmMb > GROWTH_MB)
  faults.push(`the heap grew from ${warmMb} to ${endMb} MB`);
if (replayed !== appends) faults.push(`${replayed} of ${appends} events are in the log`);
if (consumers.length > 0) faults.push(`consumers were left: ${consumers.join(', ')}`);
console.log(
  `heap after warm-up ${warmMb?.toFixed(1)} MB, at the end ${endMb.toFixed(1)} MB; ${consumers.length} consumers left`,
);
for (const fault of faults) console.log(`  ${fault}`);

await raw.nc.close();
await store.close();
await server.stop();
process.exitCode = faults.length === 0 ? 0 : 1;
