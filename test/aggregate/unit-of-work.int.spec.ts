import type { DeciderRepository } from '../../src/aggregate/decider-repository.js';
import { type Repository, repository } from '../../src/aggregate/repository.js';
import { unitOfWork } from '../../src/aggregate/unit-of-work/unit-of-work.js';
import { streamName } from '../../src/event/stream-name.js';
import type { EventStore } from '../../src/event-store/event-store.js';
import { collect, rejection } from '../support/collect.js';
import { STORE_KINDS } from '../support/store-kinds.js';
import {
  account,
  ACCOUNT_EVENTS,
  type AccountCommand,
  type AccountEvent,
  type AccountState,
  MoneyWithdrawn,
  OverdrawnError,
} from './account.js';
import { NotEnoughPaidError, Order, ORDER_EVENTS, OrderClosed } from './order.js';

type Accounts = DeciderRepository<AccountCommand, AccountEvent, AccountState>;

const deposit = (amount: number) => ({ type: 'deposit', amount }) as const;
const withdraw = (amount: number) => ({ type: 'withdraw', amount }) as const;

describe.each(STORE_KINDS)('a unit of work, %s', (_, open) => {
  let store: EventStore;
  let orders: Repository<Order>;
  let accounts: Accounts;
  /** The same in another process. */
  let theirs: Accounts;
  let lastId = 0;

  beforeAll(async () => {
    const pair = await open([...ACCOUNT_EVENTS, ...ORDER_EVENTS]);
    store = pair.store;
    orders = repository(store, Order);
    accounts = repository(store, account, { category: 'account' });
    theirs = repository(pair.elsewhere, account, { category: 'account' });
  });

  async function newAccount(balance: number): Promise<string> {
    const id = `id-${++lastId}`;
    await accounts.handle(id, deposit(balance));
    return id;
  }

  async function newOrder(balance: number): Promise<string> {
    const id = `id-${++lastId}`;
    await orders.create(id, (order) => order.payIn(balance));
    return id;
  }

  async function balances(...ids: string[]): Promise<number[]> {
    return Promise.all(ids.map(async (id) => (await accounts.load(id)).state.balance));
  }

  /** Moves money from an account to an order. */
  async function pay(from: string, to: string, amount: number, options = {}) {
    return unitOfWork(
      store,
      async (unit) => {
        const order = await unit.load(orders, to);
        await unit.handle(accounts, from, withdraw(amount));
        order.payIn(amount);
        return order.balance;
      },
      options,
    );
  }

  it('stores what several aggregates decide, of classes and of deciders, all at once', async () => {
    const [from, to] = [await newAccount(10), await newOrder(5)];
    const result = await pay(from, to, 4);
    expect(result).toMatchObject({ value: 9, committed: true, attempts: 1 });
    expect(result.entries.map(({ stream: name, version }) => [name.toString(), version])).toEqual([
      [`order/${to}`, 2],
      [`account/${from}`, 2],
    ]);
    expect(await balances(from)).toEqual([6]);
    expect((await orders.load(to)).balance).toBe(9);
    const [, paid] = await collect(store.read(streamName('order', to)));
    expect(paid?.metadata['transaction']).toMatchObject({ part: 1, of: 2 });
  });

  it('leaves what it stored in the caches', async () => {
    const [from, to] = [await newAccount(10), await newOrder(5)];
    await pay(from, to, 4);
    expect(await pay(from, to, 4)).toMatchObject({ value: 13, attempts: 1 });
    expect(await accounts.handle(from, withdraw(2))).toMatchObject({ attempts: 1, version: 4 });
  });

  it('stores nothing of it when one refuses', async () => {
    const [from, to] = [await newAccount(10), await newOrder(5)];
    expect(await rejection(pay(from, to, 11))).toBeInstanceOf(OverdrawnError);
    const refused = unitOfWork(store, async (unit) => {
      await unit.handle(accounts, from, withdraw(1));
      (await unit.load(orders, to)).add('car', 5_000);
    });
    expect(await rejection(refused)).toBeInstanceOf(NotEnoughPaidError);
    expect(await balances(from)).toEqual([10]);
    expect((await orders.load(to)).getUncommittedEvents()).toEqual([]);
  });

  it('is done again when another writer was first', async () => {
    const [from, to] = [await newAccount(10), await newAccount(0)];
    let times = 0;
    const result = await unitOfWork(store, async (unit) => {
      times += 1;
      const { state } = await unit.load(accounts, from);
      if (times === 1) await theirs.handle(from, deposit(5));
      await unit.handle(accounts, from, withdraw(state.balance));
      await unit.handle(accounts, to, deposit(state.balance));
    });
    expect(result).toMatchObject({ committed: true, attempts: 2 });
    expect(await balances(from, to)).toEqual([0, 15]);
  });

  it.each([
    [undefined, 2, 90],
    [false, 1, 1_000],
  ])('with check %p of an aggregate that is only looked at is done %i times', async (check, times, limit) => {
    const [limits, target] = [await newAccount(1_000), await newAccount(0)];
    let done = 0;
    await unitOfWork(store, async (unit) => {
      done += 1;
      const { state } = await unit.load(accounts, limits, { check });
      if (done === 1) await theirs.handle(limits, withdraw(910));
      await unit.handle(accounts, target, deposit(state.balance));
    });
    expect(done).toBe(times);
    expect(await balances(target)).toEqual([limit]);
  });

  it('gives up after its retries, with the conflict', async () => {
    const id = await newAccount(10);
    let times = 0;
    const error = await rejection(
      unitOfWork(
        store,
        async (unit) => {
          times += 1;
          await unit.handle(accounts, id, withdraw(1));
          await theirs.handle(id, deposit(1));
        },
        { retries: 2 },
      ),
    );
    expect(error).toMatchObject({ name: 'TransactionConflictError' });
    expect(times).toBe(3);
  });

  it('is not done again after a conflict with an exact expected version', async () => {
    const id = await newAccount(10);
    let times = 0;
    const work = unitOfWork(store, async (unit) => {
      times += 1;
      await unit.handle(accounts, id, withdraw(1), { expect: 1 });
      await theirs.handle(id, deposit(1));
    });
    expect(await rejection(work)).toMatchObject({ name: 'TransactionConflictError' });
    expect(times).toBe(1);
    const over = unitOfWork(store, async (unit) => unit.load(accounts, id, { expect: 1 }));
    expect(await rejection(over)).toMatchObject({ name: 'WrongExpectedVersionError', actual: 2 });
  });

  it('is done again after a refusal and after a decision to do nothing on stale states', async () => {
    const [from, to] = [await newAccount(10), await newOrder(0)];
    await theirs.handle(from, deposit(100));
    expect(await pay(from, to, 50)).toMatchObject({ committed: true, attempts: 2 });
    await theirs.handle(from, deposit(5));
    let times = 0;
    const result = await unitOfWork(store, async (unit) => {
      times += 1;
      return (await unit.load(accounts, from)).state.balance;
    });
    expect([times, result.value, result.committed]).toEqual([2, 65, false]);
  });

  it('handled twice under one command id is stored once, and gives the same result', async () => {
    const [from, to] = [await newAccount(10), await newOrder(0)];
    const first = await pay(from, to, 10, { commandId: 'pay' });
    // done again, it would be a refusal
    const second = await pay(from, to, 10, { commandId: 'pay' });
    expect(second).toMatchObject({ value: undefined, committed: false, attempts: 0 });
    expect(second.entries).toEqual(first.entries.map((entry) => ({ ...entry, committed: false })));
    expect(await balances(from)).toEqual([0]);
  });

  it('handled by two at once under one command id is stored once', async () => {
    const [from, to] = [await newAccount(10), await newOrder(0)];
    const options = { commandId: 'pay', retries: 20 };
    const both = await Promise.all([pay(from, to, 6, options), pay(from, to, 6, options)]);
    expect(both.filter(({ committed }) => committed)).toHaveLength(1);
    expect(await balances(from)).toEqual([4]);
  });

  it('gives the same object for an aggregate that is asked for twice, and decides on what it decided', async () => {
    const [id, to] = [await newAccount(10), await newOrder(0)];
    await unitOfWork(store, async (unit) => {
      const [one, other] = await Promise.all([unit.load(orders, to), unit.load(orders, to)]);
      expect(one).toBe(other);
      one.commit();
      await unit.handle(accounts, id, withdraw(6));
      expect((await unit.load(accounts, id)).state.balance).toBe(4);
      expect(await rejection(unit.handle(accounts, id, withdraw(5)))).toBeInstanceOf(OverdrawnError);
      expect(await unit.handle(accounts, id, withdraw(4))).toEqual([new MoneyWithdrawn(4)]);
      other.close();
    });
    expect(await balances(id)).toEqual([0]);
    const events = await collect(store.read(streamName('order', to)));
    expect(events.at(-1)?.data).toEqual(new OrderClosed());
  });

  it('checks what the caller expects of each aggregate', async () => {
    const [id, missing] = [await newAccount(1), `id-${++lastId}`];
    const loading = async (of: string, expectation?: 'none' | 'any' | 'exists') =>
      unitOfWork(store, async (unit) => (await unit.load(accounts, of, { expect: expectation })).version);
    expect(await loading(id)).toMatchObject({ value: 1 });
    expect(await loading(missing, 'any')).toMatchObject({ value: 0 });
    expect(await rejection(loading(missing))).toMatchObject({ name: 'AggregateNotFoundError' });
    expect(await rejection(loading(id, 'none'))).toMatchObject({ name: 'WrongExpectedVersionError' });
    const creating = unitOfWork(store, async (unit) => {
      (await unit.load(orders, missing, { expect: 'none' })).payIn(1);
      await unit.handle(accounts, missing, deposit(1), { expect: 'none' });
    });
    expect(await creating).toMatchObject({ committed: true });
  });

  it('calls the decision middleware of each repository with its events', async () => {
    const id = await newAccount(10);
    const guarded = repository(store, account, {
      category: 'account',
      middleware: [
        {
          decision: async (__, next) => {
            const events = await next();
            if (events.length > 1) throw new TypeError('too many');
            return events;
          },
        },
      ],
    });
    const twice = unitOfWork(store, async (unit) => {
      await unit.handle(guarded, id, withdraw(1));
      await unit.handle(guarded, id, withdraw(1));
    });
    expect(await rejection(twice)).toMatchObject({ message: 'too many' });
    expect(await balances(id)).toEqual([10]);
  });

  it('refuses a repository of another store, and two of one stream', async () => {
    const id = await newAccount(10);
    const foreign = unitOfWork(store, async (unit) => unit.load(theirs, id));
    expect(await rejection(foreign)).toMatchObject({ option: 'repository' });
    const twice = repository(store, account, { category: 'account' });
    const both = unitOfWork(store, async (unit) => {
      await unit.load(accounts, id);
      await unit.load(twice, id);
    });
    expect(await rejection(both)).toMatchObject({ option: 'repository' });
    expect(await rejection(unitOfWork(store, () => 1, { expect: 1 } as never))).toMatchObject({
      option: 'expect',
    });
  });
});
