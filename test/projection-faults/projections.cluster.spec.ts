import { type EventStore, Projections } from '../../src/index.js';
import { postgresProjectionStore } from '../../src/postgres.js';
import { type NatsCluster, startNatsCluster } from '../../src/testing.js';
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
import { type Tally, tallyProjection } from './tallies.js';
import { appendCounted, faultsOf, statusWhen } from './tally-bench.js';

/** Elections take seconds, and a machine that is busy more. */
const long = { timeoutMs: 30_000 };

describeOn(POSTGRES, 'two instances on a cluster of three', () => {
  let cluster: NatsCluster;
  let db: TestDatabase;

  beforeAll(async () => {
    cluster = await startNatsCluster();
    db = await openPostgres(await databaseUrl());
  }, 180_000);

  afterAll(async () => {
    await db?.close();
    await cluster?.stop();
  }, 60_000);

  it('lose and repeat nothing while leaders step down and are killed, and wait for each other', async () => {
    const tally: Tally = { name: 'clustered', style: 'statements', lanes: 2 };
    const name = uniqueStoreName();
    const started: { store: EventStore; projections: Projections }[] = [];
    for (const first of [0, 1]) {
      const servers = [...cluster.urls.slice(first), ...cluster.urls.slice(0, first)];
      const store = await openStore({ servers, noRandomize: true, name, replicas: 3, events: ORDER_EVENTS });
      const models = postgresProjectionStore(db.database);
      const definition = tallyProjection(tally, { store: models, member: `m${first}` });
      const projections = new Projections(store, [definition]);
      await projections.start();
      started.push({ store, projections });
    }
    const [one, other] = started as [(typeof started)[0], (typeof started)[0]];
    const ownLanes = ({ projections }: typeof one): number =>
      projections.status('clustered').lanes.filter(({ owner }) => owner?.isOwn === true).length;
    await until('each has a lane', () => ownLanes(one) === 1 && ownLanes(other) === 1, long.timeoutMs);
    await using raw = await RawNats.open(cluster.urls[0], { servers: [...cluster.urls] });
    const leader = async (): Promise<number | undefined> => {
      const info = await raw
        .api<{ cluster?: { leader?: string } }>(`STREAM.INFO.${name}`)
        .catch(() => undefined);
      const found = info?.cluster?.leader;
      return found === undefined ? undefined : Number(found.slice(1)) - 1;
    };
    for (let n = 1; n <= 3; n += 1) {
      await raw.api(`STREAM.LEADER.STEPDOWN.${name}`).catch(() => undefined);
      await until('there is a leader', async () => (await leader()) !== undefined, long.timeoutMs);
      const position = await appendCounted(one.store, n * 20 - 19, n * 20);
      for (const { projections } of started) await projections.waitFor('clustered', position, long);
    }
    const killed = (await leader()) as number;
    await cluster.kill(killed, 'SIGKILL');
    const position = await appendCounted(other.store, 61, 100);
    for (const { projections } of started) {
      await projections.waitFor('clustered', position, long);
      await statusWhen(projections, 'clustered', ({ state }) => state === 'live');
    }
    await cluster.restart(killed);
    const last = await appendCounted(one.store, 101, 120);
    for (const { projections } of started) await projections.waitFor('clustered', last, long);
    expect(await faultsOf(db, tally, one.store)).toEqual([]);
    for (const { projections } of started) await projections.stop();
  }, 120_000);
});
