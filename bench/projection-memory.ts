// One side of the comparison of memory: `raw` or `jetsource`, servers, database, number of events, last position.
import { jetstream } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { asPosition, connectEventStore, Projections } from 'jetsource';
import { nodePostgres, postgresProjectionStore } from 'jetsource/postgres';
import pg from 'pg';
import { OrderPlaced, rawMessages } from './order-log.js';
import { rows } from './order-models.js';
import { clearRaw, folded, projectRaw } from './raw-projection.js';

const [side = '', servers = '', database = '', events = '', last = ''] = process.argv.slice(2);

async function raw(): Promise<void> {
  const url = new URL(database);
  url.pathname = 'by_hand';
  const client = new pg.Client({ connectionString: url.href });
  await client.connect();
  const nc = await connect({ servers });
  await measured(async () => {
    const transact = async (work: (tx: pg.Client) => Promise<void>): Promise<void> => {
      await client.query('begin');
      await work(client);
      await client.query('commit');
    };
    await clearRaw(transact);
    await projectRaw(transact, folded, rawMessages(jetstream(nc), Number(events)));
  });
  await nc.close();
  await client.end();
}

async function jetsource(): Promise<void> {
  const store = await connectEventStore({ servers, name: 'orders', events: [OrderPlaced] });
  await using models = nodePostgres(database);
  const projection = rows(postgresProjectionStore(models), `memory_${process.pid}`);
  await using projections = new Projections(store, [projection]);
  await measured(async () => {
    await projections.start();
    await projections.waitFor(projection, asPosition(last), { timeoutMs: 600_000 });
  });
  await projections.stop();
  await store.close();
}

async function measured(work: () => Promise<void>): Promise<void> {
  const before = heapMegabytes();
  const begun = performance.now();
  await work();
  const seconds = (performance.now() - begun) / 1_000;
  const peak = process.resourceUsage().maxRSS / 1024;
  console.log(
    `  ${side.padEnd(10)} heap ${before} MB before, ${heapMegabytes()} MB after; ` +
      `peak resident ${peak.toFixed(0)} MB; ${seconds.toFixed(1)} s`,
  );
}

function heapMegabytes(): string {
  globalThis.gc?.();
  return (process.memoryUsage().heapUsed / 2 ** 20).toFixed(1);
}

await (side === 'raw' ? raw() : jetsource());
