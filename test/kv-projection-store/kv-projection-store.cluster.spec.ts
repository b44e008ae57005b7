import { positionOf } from '../../src/event/position.js';
import { streamName } from '../../src/event/stream-name.js';
import type { JetStreamEventStore } from '../../src/event-store/jetstream-event-store.js';
import { kvProjectionStore } from '../../src/kv-projection-store/kv-projection-store.js';
import { defineProjection } from '../../src/projection/definition/define-projection.js';
import { Projections } from '../../src/projection/projections.js';
import type { NatsCluster } from '../../src/testing/nats-cluster.js';
import { startNatsCluster } from '../../src/testing/start-nats-cluster.js';
import { openStore, uniqueStoreName } from '../shared-server.js';
import { counted, Counted } from '../support/order-events.js';
import { RawNats } from '../support/raw-nats.js';

let cluster: NatsCluster;
let store: JetStreamEventStore;

beforeAll(async () => {
  cluster = await startNatsCluster({ log: () => undefined });
  const name = uniqueStoreName();
  store = await openStore({ servers: [...cluster.urls], name, replicas: 3, events: [Counted] });
}, 120_000);

afterAll(async () => {
  await store.close();
  await cluster.stop();
});

it('a read model in a KV bucket on three replicas counts each event once while the leader of the bucket is killed', async () => {
  const models = await kvProjectionStore(store, { bucket: 'models' });
  const definition = defineProjection({
    name: 'sums',
    store: models,
    table: 'sums',
    key: (event) => String(event.data.n % 7),
    events: { Counted },
    on: { Counted: (row: { sum: number } | undefined, event) => ({ sum: (row?.sum ?? 0) + event.data.n }) },
  });
  await using projections = new Projections(store, [definition]);
  await projections.start();
  await using raw = await RawNats.open(cluster.urls[0] as string);
  const info = await raw.api<{
    config: { num_replicas: number };
    cluster: { leader: string };
  }>('STREAM.INFO.KV_models');
  expect(info.config.num_replicas).toBe(3);
  const leader = Number(/\d+$/.exec(info.cluster.leader)?.[0]) - 1;
  const expected = new Map<string, number>();
  for (let n = 1; n <= 300; n += 1) {
    if (n === 100) await cluster.kill(leader);
    if (n === 200) await cluster.restart(leader);
    await store.append(streamName('order', `${n % 5}`), counted(n));
    expected.set(`${n % 7}`, (expected.get(`${n % 7}`) ?? 0) + n);
  }
  const last = positionOf(await store.lastSequence(), 0);
  await projections.waitFor('sums', last, { timeoutMs: 60_000 });
  const rows = [...(await models.table('sums'))].map(([key, row]) => [key, row['sum']] as const);
  expect(new Map(rows)).toEqual(expected);
}, 180_000);
