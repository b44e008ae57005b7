import type { Subscription } from '@nats-io/transport-node';
import { repository } from '../../src/aggregate/repository.js';
import { stream } from '../../src/event/stream-name.js';
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

describe('the cache of a repository', () => {
  it('makes a command on a hot aggregate of a decider cost the append alone', async () => {
    const accounts = repository(store, account, { category: 'account' });
    const id = newId();
    await accounts.handle(id, deposit(10));
    const sent = await messagesDuring(async () => accounts.handle(id, withdraw(4)));
    expect(sent).toEqual([subjectOf(name, stream('account', id))]);
    expect((await accounts.load(id)).state.balance).toBe(6);
  });

  it('makes a command on a hot instance of a class cost the append alone', async () => {
    const orders = repository(store, Order);
    const id = newId();
    await orders.create(id, (order) => order.payIn(10));
    const sent = await messagesDuring(async () => orders.update(id, (order) => order.add('pen', 4)));
    expect(sent).toEqual([subjectOf(name, stream('order', id))]);
    expect(await orders.load(id)).toMatchObject({ balance: 6, items: ['pen'] });
  });

  it('can be turned off: then every command reads', async () => {
    const accounts = repository(store, account, { category: 'account', cache: false });
    const id = newId();
    await accounts.handle(id, deposit(10));
    expect(await messagesDuring(async () => accounts.handle(id, withdraw(4)))).toHaveLength(2);
  });

  it('holds as many aggregates as it may, those used last', async () => {
    const accounts = repository(store, account, { category: 'account', cache: { max: 2 } });
    const [a, b, c] = [newId(), newId(), newId()];
    for (const id of [a, b, c]) await accounts.handle(id, deposit(10));
    expect(await messagesDuring(async () => accounts.handle(b, deposit(1)))).toHaveLength(1);
    expect(await messagesDuring(async () => accounts.handle(a, deposit(1)))).toHaveLength(2);
    expect(await messagesDuring(async () => accounts.handle(c, deposit(1)))).toHaveLength(2);
  });

  it('does not let a stale state suppress a conflict, and is mended by it', async () => {
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

  it('is no use where a save was first', async () => {
    const orders = repository(store, Order);
    const id = newId();
    await orders.create(id, (order) => order.payIn(10));
    const order = await orders.load(id);
    order.payIn(5);
    await orders.save(order);
    expect(await orders.update(id, ({ balance }) => balance)).toMatchObject({ value: 15, attempts: 1 });
  });

  it('is no use for another history under the same versions: a log that lost its end and went on', async () => {
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
    await store.status(stream('account', id));
    await store.status(stream('order', id));
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
