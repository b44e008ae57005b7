import type { Subscription } from '@nats-io/transport-node';
import { jetStreamSnapshots } from '../../src/snapshot-store/jetstream-snapshots.js';
import { repository } from '../../src/aggregate/repository.js';
import { streamName } from '../../src/event/stream-name.js';
import { subjectOf } from '../../src/event/subject.js';
import type { JetStreamEventStore } from '../../src/event-store/jetstream-event-store.js';
import { openStore, uniqueStoreName } from '../shared-server.js';
import { rejection } from '../support/collect.js';
import { RawNats } from '../support/raw-nats.js';
import { account, ACCOUNT_EVENTS, OverdrawnError } from './account.js';
import { NotEnoughPaidError, Order, ORDER_EVENTS } from './order.js';

const name = uniqueStoreName();
const events = [...ACCOUNT_EVENTS, ...ORDER_EVENTS];
let store: JetStreamEventStore;
let elsewhere: JetStreamEventStore;
let raw: RawNats;
let lastId = 0;

beforeAll(async () => {
  store = await openStore({ name, events });
  elsewhere = await openStore({ name, events });
  raw = await RawNats.open();
});

afterAll(async () => raw.nc.close());

const deposit = (amount: number) => ({ type: 'deposit', amount }) as const;
const withdraw = (amount: number) => ({ type: 'withdraw', amount }) as const;

function newId(): string {
  return `id-${++lastId}`;
}

/** What is sent to the store meanwhile: appends, and requests to read it. */
async function messagesDuring(work: () => Promise<unknown>): Promise<string[]> {
  const sent: string[] = [];
  const note = (subject: string): Subscription =>
    raw.nc.subscribe(subject, { callback: (_, { subject: to }) => void sent.push(to) });
  const api = `$JS.API.DIRECT.GET.${name}`;
  const all = [`${name}.>`, api, `${api}.>`, `$JS.API.STREAM.MSG.GET.${name}`].map(note);
  await raw.nc.flush();
  await work();
  await raw.nc.flush();
  for (const subscription of all) subscription.unsubscribe();
  return sent;
}

describe('a load with a snapshot on JetStream', () => {
  it('reads the last commit and those from the snapshot on, and ignores a snapshot of another history', async () => {
    const snapshots = { store: await jetStreamSnapshots(store), every: 20 };
    const options = { category: 'account', cache: false, snapshots } as const;
    const warnings: string[] = [];
    const accounts = repository(store, account, { ...options, onWarning: (text) => warnings.push(text) });
    const id = newId();
    const positions: (string | undefined)[] = [];
    for (let amount = 1; amount <= 23; amount += 1) {
      positions.push((await accounts.handle(id, deposit(amount))).position);
      // one that is still being written would be asked for in vain
      await accounts.drain();
    }
    const sent = await messagesDuring(async () => accounts.load(id));
    // the last one by its subject; 20, which the snapshot ends in, 21 and 22 by their sequences
    expect(sent.toSorted()).toEqual([
      ...Array.from({ length: 3 }, () => `$JS.API.DIRECT.GET.${name}`),
      `$JS.API.DIRECT.GET.${name}.${subjectOf(name, streamName('account', id))}`,
    ]);
    expect((await accounts.load(id)).state.balance).toBe((23 * 24) / 2);

    // the log loses its end, to before the snapshot, and continues with other events
    for (const position of positions.slice(18).toReversed())
      await raw.api(`STREAM.MSG.DELETE.${name}`, { seq: Number(position?.split('.')[0]) });
    const other = repository(await openStore({ name, events }), account, { category: 'account' });
    await other.handle(id, deposit(1_000));
    const shorter = await accounts.load(id);
    expect(shorter).toMatchObject({ state: { balance: (18 * 19) / 2 + 1_000 }, version: 19 });
    for (let times = 0; times < 3; times += 1) await other.handle(id, deposit(1_000));
    expect(await accounts.load(id)).toMatchObject({ state: { balance: (18 * 19) / 2 + 4_000 }, version: 22 });
    expect(warnings[0]).toMatch(/does not hold the commit that it ends in/);
  });
});

describe('the cache of a repository', () => {
  it('lets a command on a cached state of a decider send the append alone', async () => {
    const accounts = repository(store, account, { category: 'account' });
    const id = newId();
    await accounts.handle(id, deposit(10));
    const sent = await messagesDuring(async () => accounts.handle(id, withdraw(4)));
    expect(sent).toEqual([subjectOf(name, streamName('account', id))]);
    expect((await accounts.load(id)).state.balance).toBe(6);
  });

  it('lets a command on a cached instance of a class send the append alone', async () => {
    const orders = repository(store, Order);
    const id = newId();
    await orders.create(id, (order) => order.payIn(10));
    const sent = await messagesDuring(async () => orders.update(id, (order) => order.add('pen', 4)));
    expect(sent).toEqual([subjectOf(name, streamName('order', id))]);
    expect(await orders.load(id)).toMatchObject({ balance: 6, items: ['pen'] });
  });

  it('can be turned off: then every command reads', async () => {
    const accounts = repository(store, account, { category: 'account', cache: false });
    const id = newId();
    await accounts.handle(id, deposit(10));
    expect(await messagesDuring(async () => accounts.handle(id, withdraw(4)))).toHaveLength(2);
  });

  it('holds up to max aggregates, those used last', async () => {
    const accounts = repository(store, account, { category: 'account', cache: { max: 2 } });
    const [a, b, c] = [newId(), newId(), newId()];
    for (const id of [a, b, c]) await accounts.handle(id, deposit(10));
    expect(await messagesDuring(async () => accounts.handle(b, deposit(1)))).toHaveLength(1);
    expect(await messagesDuring(async () => accounts.handle(a, deposit(1)))).toHaveLength(2);
    expect(await messagesDuring(async () => accounts.handle(c, deposit(1)))).toHaveLength(2);
  });

  it('does not let a stale state hide a conflict, and holds the new state after it', async () => {
    const accounts = repository(store, account, { category: 'account' });
    const others = repository(elsewhere, account, { category: 'account' });
    const id = newId();
    await accounts.handle(id, deposit(10));
    await others.handle(id, withdraw(10));
    expect(await rejection(accounts.handle(id, withdraw(10)))).toBeInstanceOf(OverdrawnError);
    await others.handle(id, deposit(3));
    expect(await accounts.handle(id, withdraw(3))).toMatchObject({ version: 4, attempts: 2 });
    const sent = await messagesDuring(async () => accounts.handle(id, deposit(1)));
    expect(sent).toHaveLength(1);
  });

  it('is not used without retries, which a stale state would need', async () => {
    const accounts = repository(store, account, { category: 'account', retries: 0 });
    const others = repository(elsewhere, account, { category: 'account' });
    const id = newId();
    await accounts.handle(id, deposit(10));
    await others.handle(id, deposit(10));
    expect(await accounts.handle(id, withdraw(15))).toMatchObject({ version: 3, attempts: 1 });
  });

  it('drops an instance whose command failed, with all that it applied', async () => {
    const orders = repository(store, Order);
    const id = newId();
    await orders.create(id, (order) => order.payIn(10));
    const refused = orders.update(id, (order) => {
      order.add('pen', 5);
      order.add('car', 5_000);
    });
    expect(await rejection(refused)).toBeInstanceOf(NotEnoughPaidError);
    const unstored = orders.update(id, (order) => {
      order.payIn(7);
      order.apply({});
    });
    expect(await rejection(unstored)).toMatchObject({ name: 'EventRegistrationError' });
    const { value } = await orders.update(id, (order) => [
      order.balance,
      order.getUncommittedEvents().length,
    ]);
    expect(value).toEqual([10, 0]);
  });

  it('never lends an instance to two callers: what load gives is an object of its own', async () => {
    const orders = repository(store, Order);
    const id = newId();
    await orders.create(id, (order) => order.payIn(10));
    const lent = new Set<Order>();
    const update = async () =>
      orders.update(id, async (order) => {
        lent.add(order);
        const loaded = await orders.load(id);
        expect(loaded).not.toBe(order);
        loaded.payIn(1_000);
        order.payIn(1);
      });
    await Promise.all([update(), update(), update()]);
    expect(lent.size).toBe(1);
    expect((await orders.load(id)).balance).toBe(13);
  });

  it('does not give back an instance that a save has made stale', async () => {
    const orders = repository(store, Order);
    const id = newId();
    await orders.create(id, (order) => order.payIn(10));
    const order = await orders.load(id);
    order.payIn(5);
    await orders.save(order);
    expect(await orders.update(id, ({ balance }) => balance)).toMatchObject({ value: 15, attempts: 1 });
  });

  it('is not used for another history with the same versions, after the log has lost its end', async () => {
    const accounts = repository(store, account, { category: 'account' });
    const id = newId();
    await accounts.handle(id, deposit(10));
    const { position } = await accounts.handle(id, deposit(90));
    const orders = repository(store, Order);
    const order = await orders.create(id, (made) => made.payIn(1));
    const loaded = await orders.load(id);
    await raw.api(`STREAM.MSG.DELETE.${name}`, { seq: Number(position?.split('.')[0]) });
    await raw.api(`STREAM.MSG.DELETE.${name}`, { seq: Number(order.position?.split('.')[0]) });
    const other = await openStore({ name, events });
    await repository(other, account, { category: 'account' }).handle(id, deposit(1));
    await repository(other, Order).create(id, (made) => made.payIn(2));
    // as after a reconnect: the store knows the new end, of version 2 as well
    await store.status(streamName('account', id));
    await store.status(streamName('order', id));
    expect(await rejection(accounts.handle(id, withdraw(50)))).toBeInstanceOf(OverdrawnError);
    expect(await accounts.handle(id, withdraw(11))).toMatchObject({ version: 3 });
    loaded.payIn(1);
    expect(await rejection(orders.save(loaded))).toMatchObject({
      name: 'WrongExpectedVersionError',
      expected: 1,
      actual: 1,
    });
  });

  it('belongs to one repository: the same id elsewhere is another aggregate', async () => {
    const accounts = repository(store, account, { category: 'account' });
    const tenant = repository(store, account, { category: 'tenant-account' });
    const id = newId();
    await accounts.handle(id, deposit(10));
    expect(await tenant.find(id)).toBeUndefined();
    expect(await rejection(tenant.handle(id, withdraw(1)))).toBeInstanceOf(OverdrawnError);
  });
});
