import pg from 'pg';
import { type JetStreamEventStore, Projections } from '../../src/index.js';
import { nodePostgres, postgresProjectionStore } from '../../src/postgres.js';
import { type NatsServer, startNatsServer } from '../../src/testing.js';
import { openStore, uniqueStoreName } from '../shared-server.js';
import { until } from '../support/collect.js';
import { ORDER_EVENTS } from '../support/order-events.js';
import {
  databaseUrl,
  describeOn,
  openPostgres,
  POSTGRES,
  type TestDatabase,
} from '../support/postgres/sql-databases.js';
import { RawNats } from '../support/raw-nats.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { type Tally, tallyProjection } from './tallies.js';
import { appendCounted, faultsOf, PATIENCE_MS, statusWhen } from './tally-bench.js';

/** Within this time after its end, a stall is over. */
const HEALED_MS = 5_000;
const AWAY_MS = 10_000;

describeOn(POSTGRES, 'a projection that stalls', () => {
  let name: string;
  let server: NatsServer;
  let store: JetStreamEventStore;
  let proxy: TcpProxy;
  let pool: pg.Pool;
  let db: TestDatabase;
  let projections: Projections;
  const tally: Tally = { name: 'stalled', style: 'statements', lanes: 2 };

  beforeAll(async () => {
    server = await startNatsServer({ ownProcess: true });
  });

  beforeEach(async () => {
    name = uniqueStoreName();
    store = await openStore({ servers: server.url, name, events: ORDER_EVENTS });
    const url = new URL(await databaseUrl());
    db = await openPostgres(url.href);
    proxy = await TcpProxy.to(Number(url.port));
    url.port = String(proxy.port);
    pool = new pg.Pool({ connectionString: url.href, connectionTimeoutMillis: 5_000 });
    const models = postgresProjectionStore(nodePostgres(pool));
    projections = new Projections(store, [tallyProjection(tally, { store: models, member: 'a' })]);
    await projections.start();
    await projections.waitFor('stalled', await appendCounted(store, 1, 20), { timeoutMs: PATIENCE_MS });
  });

  afterEach(async () => {
    await projections.stop();
    await pool.end();
    await proxy[Symbol.asyncDispose]();
    await db.close();
    await store.close();
  });

  afterAll(() => server.stop());

  /** The events that are in the log are in the model within 5 s, and the status says that all is well. */
  async function expectHealed(position: Awaited<ReturnType<typeof appendCounted>>): Promise<void> {
    await projections.waitFor('stalled', position, { timeoutMs: HEALED_MS });
    const { error } = await statusWhen(projections, 'stalled', ({ state }) => state === 'live');
    expect(error).toBeUndefined();
    expect(await faultsOf(db, tally, store)).toEqual([]);
  }

  it('goes on within 5 s after the nats-server is back, and says meanwhile that it is away', async () => {
    await server.kill('SIGKILL');
    const { state } = await statusWhen(projections, 'stalled', (status) => status.state !== 'live');
    expect(state).toBe('catching-up');
    await server.restart();
    await expectHealed(await appendCounted(store, 21, 40));
  }, 60_000);

  it('goes on within 5 s after its consumers were deleted', async () => {
    await using raw = await RawNats.open(server.url);
    const consumers = await raw.consumers(name);
    expect(consumers).toHaveLength(2);
    for (const consumer of consumers) await raw.api(`CONSUMER.DELETE.${name}.${consumer}`);
    await expectHealed(await appendCounted(store, 21, 40));
  }, 60_000);

  it('goes on within 5 s after the database was away for 10 s, and says meanwhile that it is away', async () => {
    proxy.refuse();
    const awaySince = performance.now();
    const position = await appendCounted(store, 21, 40);
    const { state, error } = await statusWhen(projections, 'stalled', (status) => status.error !== undefined);
    expect(state).toBe('catching-up');
    expect(error?.message).toMatch(/connect|terminated/i);
    await until('10 s have passed', () => performance.now() - awaySince > AWAY_MS, PATIENCE_MS);
    proxy.accept();
    await expectHealed(position);
  }, 60_000);
});
