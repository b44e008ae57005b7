import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { streamName } from '../../src/event/stream-name.js';
import type { JetStreamEventStore } from '../../src/event-store/jetstream-event-store.js';
import type { NatsCluster } from '../../src/testing/nats-cluster.js';
import { startNatsCluster } from '../../src/testing/start-nats-cluster.js';
import { openStore } from '../shared-server.js';
import { collect, rejection, until } from '../support/collect.js';
import { counted, type Counted, ORDER_EVENTS } from '../support/order-events.js';
import { RawNats } from '../support/raw-nats.js';
import { temporaryFolder } from './configured-server.js';

interface Info {
  readonly cluster: {
    readonly leader?: string;
    readonly replicas?: readonly { readonly current: boolean; readonly lag?: number }[];
  };
}

const order = streamName('order', '1');
let storeDir: string;
let cluster: NatsCluster;
let store: JetStreamEventStore;
/** Number of acknowledged events, from the version of the last append. */
let acknowledged = 0;

beforeAll(async () => {
  storeDir = await temporaryFolder();
  cluster = await startNatsCluster({ storeDir });
  store = await openStore({ servers: [...cluster.urls], name: 'shop', replicas: 3, events: ORDER_EVENTS });
}, 180_000);

afterAll(async () => {
  await store?.close();
  await cluster?.stop();
}, 60_000);

async function append(count: number, deadlineMs = 30_000): Promise<void> {
  for (let n = 0; n < count; n += 1) {
    const { version } = await store.append(order, counted(acknowledged + 1), {
      expect: acknowledged,
      deadlineMs,
    });
    acknowledged = version;
  }
}

async function stored(): Promise<number[]> {
  const events = await collect(store.read(order, { consistency: 'leader' }));
  return events.map(({ data }) => (data as Counted).n);
}

function upTo(count: number): number[] {
  return Array.from({ length: count }, (_, n) => n + 1);
}

/** Index of the node that leads the store, once all of its running replicas are up to date. */
async function leaderOf(running: number, replicas: number): Promise<number> {
  let leader = -1;
  await using raw = await RawNats.open(cluster.urls[running]);
  await until(
    'all replicas have caught up',
    async () => {
      const { cluster: told } = await raw
        .api<Info>('STREAM.INFO.shop')
        .catch(() => ({ cluster: {} }) as Info);
      leader = Number(told.leader?.slice(1) ?? 0) - 1;
      const current = (told.replicas ?? []).filter(({ current: is, lag = 0 }) => is && lag === 0);
      return leader >= 0 && current.length === replicas;
    },
    30_000,
  );
  return leader;
}

describe('a store with three copies', () => {
  it('loses nothing when one node loses its disk, and that node becomes a full copy again', async () => {
    await append(100);
    const leader = await leaderOf(0, 2);
    const [lost, other] = [0, 1, 2].filter((index) => index !== leader) as [number, number];
    await cluster.kill(lost);
    await append(50);
    await rm(join(storeDir, `n${lost + 1}`, 'jetstream'), { recursive: true });
    await cluster.restart(lost);
    await leaderOf(lost, 2);
    // without one of the full copies, the new copy is needed for the majority
    await cluster.kill(leader);
    await append(50);
    expect(await stored()).toEqual(upTo(acknowledged));
    await cluster.kill(other, 'SIGTERM');
    await cluster.restart(other);
    await cluster.restart(leader);
    expect(await stored()).toEqual(upTo(acknowledged));
  }, 120_000);

  it('fails appends without a majority, and accepts them again when it is back', async () => {
    await append(20);
    const leader = await leaderOf(0, 2);
    const [one, two] = [0, 1, 2].filter((index) => index !== leader) as [number, number];
    await Promise.all([cluster.kill(one), cluster.kill(two)]);
    const commandId = 'while the majority is gone';
    const error = await rejection(
      store.append(order, counted(acknowledged + 1), { expect: acknowledged, commandId, deadlineMs: 3_000 }),
    );
    expect(error).toMatchObject({ code: expect.stringMatching(/^(append-outcome-unknown|nats)$/) });
    await Promise.all([cluster.restart(one), cluster.restart(two)]);
    // the same command returns its result, stored before or not
    const { version } = await store.append(order, counted(acknowledged + 1), {
      expect: acknowledged,
      commandId,
      deadlineMs: 30_000,
    });
    expect(version).toBe(acknowledged + 1);
    acknowledged = version;
    await append(20);
    expect(await stored()).toEqual(upTo(acknowledged));
  }, 120_000);
});
