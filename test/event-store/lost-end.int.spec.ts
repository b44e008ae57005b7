import { cp, rm } from 'node:fs/promises';
import { repository } from '../../src/aggregate/repository.js';
import type { StreamLike } from '../../src/event/stream-name.js';
import type { JetStreamEventStore } from '../../src/event-store/jetstream-event-store.js';
import type { NatsServer } from '../../src/testing/nats-server.js';
import { startNatsServer } from '../../src/testing/start-nats-server.js';
import { account, ACCOUNT_EVENTS, OverdrawnError } from '../aggregate/account.js';
import { openStore, uniqueStoreName } from '../shared-server.js';
import { collect, rejection } from '../support/collect.js';
import { counted, type Counted, ORDER_EVENTS } from '../support/order-events.js';
import { TcpProxy } from '../support/tcp-proxy.js';

const events = [...ORDER_EVENTS, ...ACCOUNT_EVENTS];
const deposit = (amount: number) => ({ type: 'deposit', amount }) as const;

let server: NatsServer;
let proxy: TcpProxy;
/** Sees commits that the log loses. Reaches the server through the proxy, so that it comes back last. */
let a: JetStreamEventStore;
/** Is there first after the loss. */
let b: JetStreamEventStore;

beforeAll(async () => {
  server = await startNatsServer({ ownProcess: true });
}, 60_000);

afterAll(async () => {
  await server.stop();
});

beforeEach(async () => {
  proxy = await TcpProxy.to(server.port);
  const name = uniqueStoreName();
  a = await openStore({ servers: proxy.url, name, events });
  b = await openStore({ servers: server.url, name, events });
});

afterEach(async () => {
  await Promise.all([a.close(), b.close()]);
  await proxy[Symbol.asyncDispose]();
});

/** The server comes back as it was before `lost`; `waiting` is begun while it is away, and `first` is stored before A is connected again. */
async function swap<T>(steps: {
  lost: () => Promise<unknown>;
  waiting: () => Promise<T>;
  first: () => Promise<unknown>;
}): Promise<T> {
  const dir = server.storeDir as string;
  const copy = `${dir}-copy`;
  await server.kill('SIGTERM');
  await cp(dir, copy, { recursive: true });
  await server.restart();
  await a.lastSequence();
  await b.lastSequence();
  await steps.lost();
  await server.kill('SIGKILL');
  proxy.refuse();
  const waiting = steps.waiting();
  waiting.catch(() => undefined);
  await rm(dir, { recursive: true });
  await cp(copy, dir, { recursive: true });
  await rm(copy, { recursive: true });
  await server.restart();
  await steps.first();
  proxy.accept();
  return waiting;
}

async function numbers(stream: StreamLike): Promise<number[]> {
  return (await collect(b.read(stream))).map(({ data }) => (data as Counted).n);
}

describe('a server that comes back with an older copy of its files', () => {
  it('does not take an append at an exact version that was waiting for it', async () => {
    await a.append('order/1', counted(1));
    const append = swap({
      lost: async () => a.append('order/1', counted(2, 4)),
      waiting: async () => a.append('order/1', counted(5), { expect: 4 }),
      first: async () => b.append('order/1', counted(20)),
    });
    expect(await rejection(append)).toMatchObject({ code: 'wrong-expected-version', expected: 4, actual: 2 });
    expect(await numbers('order/1')).toEqual([1, 20]);
  }, 60_000);

  it('does not take it where another commit has that very version', async () => {
    await a.append('order/1', counted(1));
    const append = swap({
      lost: async () => a.append('order/1', counted(2)),
      waiting: async () => a.append('order/1', counted(5), { expect: 2 }),
      first: async () => b.append('order/1', counted(20)),
    });
    expect(await rejection(append)).toMatchObject({ code: 'wrong-expected-version', expected: 2, actual: 2 });
    expect(await numbers('order/1')).toEqual([1, 20]);
  }, 60_000);

  it('takes an append that fits any version, and a transaction, after the commits that are there', async () => {
    await a.append('order/1', counted(1));
    const [append, transaction] = await swap({
      lost: async () => a.append('order/1', counted(2, 4)),
      waiting: async () =>
        Promise.all([
          a.append('order/1', counted(5)),
          a.transact([
            { stream: 'order/2', events: counted(7) },
            { stream: 'order/3', events: counted(8) },
          ]),
        ]),
      first: async () => b.append('order/1', counted(20)),
    });
    expect(append).toMatchObject({ version: 3, committed: true });
    expect(transaction).toMatchObject({ committed: true });
    expect(await numbers('order/1')).toEqual([1, 20, 5]);
  }, 60_000);

  it('does not take a transaction at versions of before', async () => {
    await a.append('order/1', counted(1));
    const transaction = swap({
      lost: async () => a.append('order/1', counted(2, 4)),
      waiting: async () =>
        a.transact([
          { stream: 'order/1', expect: 4, events: counted(5) },
          { stream: 'order/2', events: counted(7) },
        ]),
      first: async () => b.append('order/1', counted(20)),
    });
    expect(await rejection(transaction)).toMatchObject({ code: 'transaction-conflict' });
    expect(await numbers('order/2')).toEqual([]);
  }, 60_000);

  it('lets a cached repository decide again, and handle a lost command', async () => {
    const accounts = repository(a, account, { category: 'account' });
    await accounts.handle('1', { type: 'open', owner: 'ada' });
    const withdrawal = swap({
      lost: async () => accounts.handle('1', deposit(100), { commandId: 'hundred' }),
      waiting: async () => accounts.handle('1', { type: 'withdraw', amount: 50 }),
      first: async () => repository(b, account, { category: 'account' }).handle('1', deposit(1)),
    });
    expect(await rejection(withdrawal)).toBeInstanceOf(OverdrawnError);
    const again = await accounts.handle('1', deposit(100), { commandId: 'hundred' });
    expect(again).toMatchObject({ version: 3, committed: true });
  }, 60_000);
});
