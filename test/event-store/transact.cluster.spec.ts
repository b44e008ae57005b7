import { streamName } from '../../src/event/stream-name.js';
import type { JetStreamEventStore } from '../../src/event-store/jetstream-event-store.js';
import { isJetsourceError } from '../../src/errors/any-jetsource-error.js';
import type { NatsCluster } from '../../src/testing/nats-cluster.js';
import { startNatsCluster } from '../../src/testing/start-nats-cluster.js';
import { openStore, uniqueStoreName } from '../shared-server.js';
import { collect } from '../support/collect.js';
import { counted, ORDER_EVENTS } from '../support/order-events.js';

const WRITERS = 6;
const ROUNDS = 60;

let cluster: NatsCluster;
let stores: JetStreamEventStore[];

beforeAll(async () => {
  cluster = await startNatsCluster({ log: () => undefined });
  const name = uniqueStoreName();
  stores = [];
  for (const servers of cluster.urls) {
    stores.push(await openStore({ servers, name, replicas: 3, events: ORDER_EVENTS }));
  }
}, 120_000);

afterAll(async () => {
  await Promise.all(stores.map(async (store) => store.close()));
  await cluster.stop();
});

describe('transactions on three replicas', () => {
  it('of six writers in a ring, each on its own stream and the next one, never both succeed where they overlap', async () => {
    const ring = Array.from({ length: WRITERS }, (_, at) => streamName('ring', `${at}`));
    const versions = ring.map(() => 0);
    let together = 0;
    for (let round = 0; round < ROUNDS; round += 1) {
      const winners = await Promise.all(
        ring.map(async (own, at) => {
          const next = (at + 1) % WRITERS;
          const store = stores[at % stores.length] as JetStreamEventStore;
          const entries = [own, ring[next]!].map((one, which) => ({
            stream: one,
            expect: versions[(at + which) % WRITERS] as number,
            events: counted(round),
          }));
          return store.transact(entries).then(
            () => true,
            (error: unknown) => {
              expect(isJetsourceError(error) && error.code).toBe('transaction-conflict');
              return false;
            },
          );
        }),
      );
      for (const [at, won] of winners.entries()) {
        if (!won) continue;
        const next = (at + 1) % WRITERS;
        expect(winners[next]).toBe(false);
        versions[at]! += 1;
        versions[next]! += 1;
      }
      if (winners.filter(Boolean).length > 1) together += 1;
    }
    // neighbours exclude each other, the others do not
    expect(together).toBeGreaterThan(0);
    const [store] = stores;
    for (const [at, one] of ring.entries()) {
      const events = await collect(store!.read(one, { consistency: 'leader' }));
      expect(events.map(({ version }) => Number(version))).toEqual(events.map((_, index) => index + 1));
      expect(events).toHaveLength(versions[at] as number);
    }
  }, 120_000);

  it('that check a stream during concurrent appends to it never succeed with an outdated check', async () => {
    const flag = streamName('flag', 'x');
    const log = streamName('log', 'x');
    let version = 0;
    for (let round = 0; round < ROUNDS; round += 1) {
      const [checked, moved] = await Promise.allSettled([
        stores[0]!.transact([
          { stream: log, events: counted(round) },
          { stream: flag, expect: version },
        ]),
        stores[1]!.append(flag, counted(round), { expect: version }),
      ]);
      expect(moved.status).toBe('fulfilled');
      const { position } = (moved as PromiseFulfilledResult<{ position?: string }>).value;
      const stored = checked.status === 'fulfilled' ? checked.value.entries[0]?.position : undefined;
      const sequenceOf = (text?: string): number => Number(text?.split('.')[0] ?? 0);
      // either the check came first, or the transaction failed
      expect(sequenceOf(stored)).toBeLessThan(sequenceOf(position));
      version += 1;
    }
  }, 120_000);

  it('are stored completely or not at all when the leader is killed', async () => {
    const pairs = Array.from(
      { length: 200 },
      (_, at) => [streamName('left', `${at}`), streamName('right', `${at}`)] as const,
    );
    const running = Promise.allSettled(
      pairs.map(async ([left, right], at) => {
        await new Promise((resolve) => setTimeout(resolve, at * 15));
        const store = stores[at % stores.length] as JetStreamEventStore;
        return store.transact(
          [left, right].map((one) => ({ stream: one, expect: 'none' as const, events: counted(at) })),
        );
      }),
    );
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    const leader = await cluster.ready();
    await cluster.kill(leader);
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    await cluster.restart(leader);
    const results = await running;
    await cluster.ready();

    const store = stores[(leader + 1) % stores.length] as JetStreamEventStore;
    for (const [at, [left, right]] of pairs.entries()) {
      const [a, b] = await Promise.all(
        [left, right].map(async (one) => (await store.status(one, { consistency: 'leader' })).version),
      );
      expect(a).toBe(b);
      const result = results[at] as PromiseSettledResult<unknown>;
      expect(result.status === 'fulfilled' ? a : 1).toBe(1);
    }
    expect(results.filter(({ status }) => status === 'fulfilled').length).toBe(pairs.length);
  }, 120_000);
});
