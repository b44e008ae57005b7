import { streamName } from '../../src/event/stream-name.js';
import type { Position } from '../../src/event/position.js';
import type { JetStreamEventStore } from '../../src/event-store/jetstream-event-store.js';
import type { Subscription } from '../../src/event-store/replay/subscription.js';
import type { NatsCluster } from '../../src/testing/nats-cluster.js';
import { startNatsCluster } from '../../src/testing/start-nats-cluster.js';
import { openStore, uniqueStoreName } from '../shared-server.js';
import { collect, until } from '../support/collect.js';
import { counted, type Counted, ORDER_EVENTS } from '../support/order-events.js';
import { RawNats } from '../support/raw-nats.js';

let cluster: NatsCluster;

beforeAll(async () => {
  cluster = await startNatsCluster();
}, 180_000);

afterAll(async () => {
  await cluster?.stop();
}, 60_000);

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, index) => from + index);
}

async function newStore(name = uniqueStoreName()): Promise<JetStreamEventStore> {
  return openStore({ servers: cluster.url, name, events: ORDER_EVENTS, replicas: 3 });
}

async function append(store: JetStreamEventStore, from: number, to: number): Promise<void> {
  for (let n = from; n <= to; n += 1)
    await store.append(streamName('order', `id-${n % 5}`), counted(n), { deadlineMs: 60_000 });
}

interface Follower {
  readonly subscription: Subscription;
  readonly found: number[];
  /** Why its consumer was recreated, and how it ended, for the message of a failure. */
  readonly story: string[];
}

function subscribed(store: JetStreamEventStore, after?: Position): Follower {
  const found: number[] = [];
  const story: string[] = [];
  const subscription = store.subscribe({
    from: after && { after },
    onEvent: ({ data }) => void found.push((data as Counted).n),
    onRecovery: (reason) => void story.push(`at ${found.length}: ${reason}`),
  });
  subscription.closed.catch((error: unknown) => story.push(`at ${found.length} it ended: ${String(error)}`));
  return { subscription, found, story };
}

/** The numbers that each has received, once all have received `count`. */
async function received(followers: readonly Follower[], count: number): Promise<number[][]> {
  const all = until('all events', () => followers.every(({ found }) => found.length >= count), 40_000);
  await all.catch((cause: unknown) => {
    const stories = followers.map(({ found, story }) => `${found.length}: ${story.join('; ')}`);
    throw new TypeError(`not all of ${count} came: ${stories.join(' | ')}`, { cause });
  });
  await Promise.all(followers.map(async ({ subscription }) => subscription.stop()));
  return followers.map(({ found }) => found);
}

/** Index of the server that leads the JetStream stream of a store, as this connection reports it. */
async function leaderOf(store: JetStreamEventStore, url = cluster.url): Promise<number> {
  await using raw = await RawNats.open(url);
  const { cluster: info } = await raw.api<{ cluster: { leader: string } }>(`STREAM.INFO.${store.name}`);
  return Number(info.leader.slice(1)) - 1;
}

describe('subscriptions on three replicas', () => {
  it('get every event once and in order through step-downs of the leader', async () => {
    const store = await newStore();
    await append(store, 1, 50);
    const followers = range(1, 6).map(() => subscribed(store));
    await using raw = await RawNats.open(cluster.url);
    for (let round = 0; round < 4; round += 1) {
      await raw.api(`STREAM.LEADER.STEPDOWN.${store.name}`);
      await append(store, 51 + round * 50, 100 + round * 50);
    }
    expect(await received(followers, 250)).toEqual(followers.map(() => range(1, 250)));
  }, 90_000);

  it('get every event once and in order while the leader is killed and comes back', async () => {
    const store = await newStore();
    await append(store, 1, 50);
    const followers = range(1, 6).map(() => subscribed(store));
    const leader = await leaderOf(store);
    const writing = append(store, 51, 1_050);
    await until('some read', () => followers.every(({ found }) => found.length > 100));
    await cluster.kill(leader);
    await writing;
    await cluster.restart(leader);
    await append(store, 1_051, 1_060);
    expect(await received(followers, 1060)).toEqual(followers.map(() => range(1, 1_060)));
  }, 180_000);

  it('get nothing before their start, and everything after it, from a lagging replica', async () => {
    const store = await newStore();
    await append(store, 1, 10);
    const leader = await leaderOf(store);
    const lagging = (leader + 1) % 3;
    const writer = await openStore({
      servers: cluster.urls[leader] as string,
      name: store.name,
      events: ORDER_EVENTS,
      replicas: 3,
      ignoreClusterUpdates: true,
    });
    cluster.signal(lagging, 'SIGSTOP');
    for (let n = 11; n <= 3_000; n += 50) {
      const batch = range(n, Math.min(3_000, n + 49)).map(async (i) =>
        writer.append(streamName('order', `lag-${i % 50}`), counted(i)),
      );
      await Promise.all(batch);
    }
    const end = await writer.lastSequence();
    const position = `${end}.0` as Position;
    cluster.signal(lagging, 'SIGCONT');
    // some of their consumers are on the server that does not have those events yet
    const followers = range(1, 20).map(() => subscribed(writer, position));
    const reads = range(1, 6).map(async (n) =>
      collect(writer.readAll(n % 2 === 0 ? { categories: ['order'] } : {})),
    );
    const whole = range(1, 4).map(() => subscribed(writer));
    await until('a start', () => followers.every(({ subscription }) => subscription.caughtUp), 20_000);
    for (const events of await Promise.all(reads)) expect(events).toHaveLength(3_000);
    await append(writer, 3_001, 3_020);
    expect(await received(followers, 20)).toEqual(followers.map(() => range(3_001, 3_020)));
    const all = (await collect(writer.readAll())).map(({ data }) => (data as Counted).n);
    expect(all.toSorted((a, b) => a - b)).toEqual(range(1, 3_020));
    expect(await received(whole, 3_020)).toEqual(whole.map(() => all));
  }, 120_000);

  it('end with an error within seconds when their stream is deleted', async () => {
    const store = await newStore();
    await append(store, 1, 10);
    const { subscription, found } = subscribed(store);
    await until('all', () => found.length === 10);
    await using raw = await RawNats.open(cluster.url);
    await raw.api(`STREAM.DELETE.${store.name}`);
    const started = performance.now();
    await expect(subscription.closed).rejects.toMatchObject({ name: 'StoreNotFoundError' });
    expect(performance.now() - started).toBeLessThan(8_000);
  }, 60_000);
});
