import { cp, rm } from 'node:fs/promises';
import type { StreamLike } from '../../src/event/stream-name.js';
import { repository } from '../../src/aggregate/repository.js';
import type { JetStreamEventStore } from '../../src/event-store/jetstream-event-store.js';
import type { NatsCluster } from '../../src/testing/nats-cluster.js';
import { startNatsCluster } from '../../src/testing/start-nats-cluster.js';
import { account, ACCOUNT_EVENTS } from '../aggregate/account.js';
import { openStore, uniqueStoreName } from '../shared-server.js';
import { collect, rejection } from '../support/collect.js';
import { counted, type Counted, ORDER_EVENTS } from '../support/order-events.js';
import { RawNats } from '../support/raw-nats.js';

const events = [...ORDER_EVENTS, ...ACCOUNT_EVENTS];
const deposit = (amount: number) => ({ type: 'deposit', amount }) as const;

let cluster: NatsCluster;

beforeAll(async () => {
  cluster = await startNatsCluster();
}, 180_000);

afterAll(async () => {
  await cluster?.stop();
}, 60_000);

/** The node that holds the only copy of a store. */
async function nodeOf(name: string): Promise<number> {
  await using raw = await RawNats.open(cluster.url);
  const info = await raw.api<{ cluster: { leader: string } }>(`STREAM.INFO.${name}`);
  return Number(info.cluster.leader.slice(1)) - 1;
}

/** The node goes back to its files of before `lost`. */
async function goBack(node: number, lost: () => Promise<unknown>): Promise<void> {
  const dir = cluster.servers[node]?.storeDir as string;
  const copy = `${dir}-copy`;
  await cluster.kill(node, 'SIGTERM');
  await cp(dir, copy, { recursive: true });
  await cluster.restart(node);
  await lost();
  await cluster.kill(node, 'SIGKILL');
  await rm(dir, { recursive: true });
  await cp(copy, dir, { recursive: true });
  await rm(copy, { recursive: true });
  await cluster.restart(node);
}

describe('a store of one copy whose node comes back with older files, while its client is connected to another', () => {
  /** Sees commits that the log loses; its connection does not break. */
  let a: JetStreamEventStore;
  /** Stores others in their place. */
  let b: JetStreamEventStore;
  let node: number;

  beforeAll(async () => {
    const name = uniqueStoreName();
    await (await openStore({ servers: cluster.url, name, events })).close();
    node = await nodeOf(name);
    const others = cluster.urls.filter((_, index) => index !== node);
    a = await openStore({ servers: others, name, events });
    b = await openStore({ servers: others, name, events });
  }, 60_000);

  it('takes nothing that was made before after commits that its maker has not seen', async () => {
    const accounts = repository(a, account, { category: 'account' });
    await a.append('order/1', counted(1));
    await a.append('order/2', counted(1));
    await accounts.handle('1', deposit(100));
    await goBack(node, async () => {
      await a.append('order/1', counted(2));
      await a.append('order/2', counted(2, 3));
      await accounts.handle('1', deposit(1_000));
    });
    await b.append('order/1', counted(20));
    await b.append('order/2', counted(20));
    await repository(b, account, { category: 'account' }).handle('1', deposit(1));
    expect(await rejection(a.append('order/1', counted(3), { expect: 2 }))).toMatchObject({
      code: 'wrong-expected-version',
    });
    expect(await a.append('order/2', counted(4))).toMatchObject({ version: 3 });
    await accounts.handle('1', deposit(10));
    const numbers = async (stream: StreamLike): Promise<number[]> =>
      (await collect(b.read(stream))).map(({ data }) => (data as Counted).n);
    expect(await numbers('order/1')).toEqual([1, 20]);
    expect(await numbers('order/2')).toEqual([1, 20, 4]);
    expect((await repository(b, account, { category: 'account' }).load('1')).state).toMatchObject({
      balance: 111,
    });
  }, 120_000);
});
