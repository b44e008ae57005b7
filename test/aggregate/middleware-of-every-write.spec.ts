import type { CommandContext, CommandMiddleware } from '../../src/aggregate/command/command-middleware.js';
import { unitOfWork } from '../../src/aggregate/unit-of-work/unit-of-work.js';
import type { UpdateResult } from '../../src/aggregate/command/update-options.js';
import type { DeciderRepository } from '../../src/aggregate/decider-repository.js';
import { type Repository, repository } from '../../src/aggregate/repository.js';
import { streamName } from '../../src/event/stream-name.js';
import {
  inMemoryEventStore,
  type InMemoryEventStore,
} from '../../src/testing/in-memory/in-memory-event-store.js';
import { collect, rejection } from '../support/collect.js';
import {
  account,
  ACCOUNT_EVENTS,
  type AccountCommand,
  type AccountEvent,
  type AccountState,
  MoneyDeposited,
} from './account.js';
import { BalancePaidIn, Order, ORDER_EVENTS, OrderClosed } from './order.js';

type Accounts = DeciderRepository<AccountCommand, AccountEvent, AccountState>;

/** Repositories of one store, with the same middleware. */
interface Repositories {
  readonly orders: Repository<Order>;
  readonly accounts: Accounts;
}

let store: InMemoryEventStore;

function repositoriesWith(...middleware: CommandMiddleware[]): Repositories {
  return {
    orders: repository(store, Order, { middleware }),
    accounts: repository(store, account, { category: 'account', middleware }),
  };
}

/** The same, without middleware. */
let plain: Repositories;

const deposit = { type: 'deposit', amount: 1 } as const;

beforeEach(async () => {
  store = inMemoryEventStore({ events: [...ACCOUNT_EVENTS, ...ORDER_EVENTS] });
  plain = repositoriesWith();
  await plain.orders.create('1', (order) => order.payIn(5));
  await plain.accounts.handle('1', { type: 'deposit', amount: 5 });
});

type Write = (repositories: Repositories) => Promise<unknown>;

/**
 * Every way to write: its name, the stream and the events that it stores, and the arguments of the
 * middleware.
 */
const WRITES: [string, string, object, Partial<CommandContext>, Write][] = [
  [
    'handle',
    'account/1',
    new MoneyDeposited(1),
    { command: deposit, options: { expect: 'any', commandId: 'c' } },
    async ({ accounts }) => accounts.handle('1', deposit, { commandId: 'c' }),
  ],
  [
    'create of a decider',
    'account/2',
    new MoneyDeposited(1),
    { command: deposit, options: { expect: 'none' } },
    async ({ accounts }) => accounts.create('2', deposit),
  ],
  [
    'update of a decider',
    'account/1',
    new MoneyDeposited(1),
    { command: undefined, options: { expect: 'any' } },
    async ({ accounts }) => accounts.update('1', () => new MoneyDeposited(1)),
  ],
  [
    'create of a class',
    'order/2',
    new BalancePaidIn(1),
    { command: undefined, options: { expect: 'none' } },
    async ({ orders }) => orders.create('2', (order) => order.payIn(1)),
  ],
  [
    'update of a class',
    'order/1',
    new BalancePaidIn(1),
    { command: undefined, options: { expect: 'exists' } },
    async ({ orders }) => orders.update('1', (order) => order.payIn(1)),
  ],
  [
    'save of a loaded aggregate',
    'order/1',
    new BalancePaidIn(1),
    { command: undefined, options: { expect: 1 as never, metadata: { actor: 'ada' } } },
    async ({ orders }) => {
      const order = await orders.load('1');
      order.payIn(1);
      return orders.save(order, { metadata: { actor: 'ada' } });
    },
  ],
  [
    'save of a new aggregate',
    'order/2',
    new BalancePaidIn(1),
    { command: undefined, options: { expect: 'none' } },
    async ({ orders }) => {
      const order = new Order('2');
      order.payIn(1);
      return orders.save(order, { id: '2' });
    },
  ],
  [
    'handle of a unit of work',
    'account/1',
    new MoneyDeposited(1),
    { command: deposit, options: { expect: 'any', commandId: 'c' } },
    async ({ accounts }) =>
      unitOfWork(store, async (unit) => unit.handle(accounts, '1', deposit), { commandId: 'c' }),
  ],
  [
    'load of a unit of work',
    'order/1',
    new BalancePaidIn(1),
    { command: undefined, options: { expect: 'exists' } },
    async ({ orders }) => unitOfWork(store, async (unit) => (await unit.load(orders, '1')).payIn(1)),
  ],
];

async function eventsIn(text: string): Promise<unknown[]> {
  const [category = '', id = ''] = text.split('/');
  return (await collect(store.read(streamName(category, id)))).map(({ data }) => data);
}

describe.each(WRITES)('%s', (_, name, event, told, write) => {
  it('is refused by a command middleware that throws, and stores nothing', async () => {
    const before = await eventsIn(name);
    const refusal = new TypeError('not allowed');
    const refusing = repositoriesWith({ command: async () => Promise.reject(refusal) });
    expect(await rejection(write(refusing))).toBe(refusal);
    expect(await eventsIn(name)).toEqual(before);
  });

  it('is refused by a decision middleware that throws, and stores nothing', async () => {
    const before = await eventsIn(name);
    const refusal = new TypeError('not allowed');
    const refusing = repositoriesWith({ decision: async () => Promise.reject(refusal) });
    expect(await rejection(write(refusing))).toBe(refusal);
    expect(await eventsIn(name)).toEqual(before);
  });

  it('tells the middleware of its command, its events and its result', async () => {
    const before = await eventsIn(name);
    const contexts: CommandContext[] = [];
    const results: UpdateResult<unknown>[] = [];
    const decisions: unknown[] = [];
    const watching = repositoriesWith({
      command: async (context, next) => {
        contexts.push(context);
        const result = await next();
        results.push(result);
        return result;
      },
      decision: async ({ version, attempt, stream }, next) => {
        const events = await next();
        decisions.push([stream.toString(), version, attempt, events]);
        return events;
      },
    });
    await write(watching);
    expect(contexts).toMatchObject([told]);
    expect(contexts.map(({ stream }) => stream.toString())).toEqual([name]);
    expect(decisions).toEqual([[name, before.length, 1, [event]]]);
    expect(results).toMatchObject([{ version: before.length + 1, committed: true, attempts: 1 }]);
    expect(results[0]?.position).toBeDefined();
    expect(await eventsIn(name)).toEqual([...before, event]);
  });

  it('stores what the decision middleware returns', async () => {
    const before = await eventsIn(name);
    await write(repositoriesWith({ decision: async (__, next) => [...(await next()), event] }));
    expect(await eventsIn(name)).toEqual([...before, event, event]);
  });
});

describe('save', () => {
  it('reports what a command middleware returns in place of the result', async () => {
    const { orders } = repositoriesWith({
      command: async (_, next) => ({ ...(await next()), version: 70 as never }),
    });
    const order = await orders.load('1');
    order.payIn(1);
    expect(await orders.save(order)).toMatchObject({ version: 70, committed: true, events: [{}] });
    const skipping = repositoriesWith({
      command: async () => ({
        value: undefined,
        version: 1 as never,
        position: undefined,
        committed: false,
        attempts: 0,
      }),
    });
    const other = await skipping.orders.load('1');
    other.payIn(1);
    expect(await skipping.orders.save(other)).toMatchObject({ version: 1, committed: false, events: [] });
    expect(other.getUncommittedEvents()).toHaveLength(1);
    expect(await eventsIn('order/1')).toHaveLength(2);
  });

  it('of an aggregate whose events were left out in part cannot be repeated: it does not match its stream', async () => {
    const { orders } = repositoriesWith({
      decision: async (_, next) => (await next()).filter((event) => !(event instanceof OrderClosed)),
    });
    const order = await orders.load('1');
    order.payIn(1);
    order.close();
    expect(await orders.save(order)).toMatchObject({ version: 2, committed: true });
    order.payIn(1);
    expect(await rejection(orders.save(order))).toMatchObject({ code: 'wrong-expected-version' });
    expect((await orders.load('1')).isClosed).toBe(false);
  });
});

describe('a unit of work', () => {
  it('calls the command middleware for the first load of an aggregate and for each command', async () => {
    const commands: unknown[] = [];
    const { accounts, orders } = repositoriesWith({
      command: async ({ stream, command }, next) => {
        commands.push([stream.toString(), command]);
        return next();
      },
    });
    await unitOfWork(store, async (unit) => {
      await Promise.all([unit.load(orders, '1'), unit.load(orders, '1')]);
      await unit.handle(accounts, '1', deposit);
      await unit.handle(accounts, '1', { type: 'withdraw', amount: 2 });
      await unit.load(accounts, '1');
    });
    expect(commands).toEqual([
      ['order/1', undefined],
      ['account/1', deposit],
      ['account/1', { type: 'withdraw', amount: 2 }],
    ]);
  });

  it('is refused by the middleware of one aggregate before that one is loaded', async () => {
    const { accounts } = repositoriesWith({ command: async () => Promise.reject(new TypeError('no')) });
    let wasLoaded = false;
    const work = unitOfWork(store, async (unit) => {
      (await unit.load(plain.orders, '1')).payIn(1);
      await unit.load(accounts, '1');
      wasLoaded = true;
    });
    expect(await rejection(work)).toMatchObject({ message: 'no' });
    expect(wasLoaded).toBe(false);
    expect(await eventsIn('order/1')).toHaveLength(1);
  });

  it('is refused where the work catches the refusal of a middleware', async () => {
    const { accounts } = repositoriesWith({
      command: async ({ command }, next) => {
        if ((command as AccountCommand).type === 'withdraw') throw new TypeError('no');
        return next();
      },
    });
    const work = unitOfWork(store, async (unit) => {
      await unit.handle(accounts, '1', deposit);
      await unit.handle(accounts, '1', { type: 'withdraw', amount: 1 }).catch(() => undefined);
    });
    expect(await rejection(work)).toMatchObject({ message: 'no' });
    expect(await eventsIn('account/1')).toHaveLength(1);
  });

  it('is refused by a middleware that returns without calling next', async () => {
    const { accounts } = repositoriesWith({
      command: async () => ({}) as UpdateResult<unknown>,
    });
    const work = unitOfWork(store, async (unit) => unit.handle(accounts, '1', deposit));
    expect(await rejection(work)).toMatchObject({ code: 'invalid-option', option: 'middleware' });
    expect(await eventsIn('account/1')).toHaveLength(1);
  });

  it('tells the middleware of the conflict that it is repeated after, and calls it again', async () => {
    const outcomes: unknown[] = [];
    const { accounts } = repositoriesWith({
      command: async (_, next) => {
        try {
          const result = await next();
          outcomes.push(result.version);
          return result;
        } catch (error) {
          outcomes.push((error as Error).name);
          throw error;
        }
      },
    });
    let times = 0;
    const result = await unitOfWork(store, async (unit) => {
      await unit.handle(accounts, '1', deposit);
      times += 1;
      if (times === 1) await plain.accounts.handle('1', deposit);
    });
    expect(result).toMatchObject({ committed: true, attempts: 2 });
    expect(outcomes).toEqual(['TransactionConflictError', 3]);
  });

  it('that was handled before tells the middleware the first result', async () => {
    const results: unknown[] = [];
    const { accounts } = repositoriesWith({
      command: async (_, next) => {
        const result = await next();
        results.push(result);
        return result;
      },
    });
    const pay = async () =>
      unitOfWork(store, async (unit) => unit.handle(accounts, '1', deposit), { commandId: 'pay' });
    await pay();
    await pay();
    expect(results).toMatchObject([
      { version: 2, committed: true, attempts: 1 },
      { version: 2, committed: false, attempts: 0 },
    ]);
  });

  it('that is stored rejects when a middleware fails afterwards, and is not repeated', async () => {
    const { accounts } = repositoriesWith({
      command: async (_, next) => {
        await next();
        throw new TypeError('too late');
      },
    });
    const work = unitOfWork(store, async (unit) => unit.handle(accounts, '1', deposit), {
      retryWhen: () => true,
    });
    expect(await rejection(work)).toMatchObject({ message: 'too late' });
    expect(await eventsIn('account/1')).toHaveLength(2);
  });

  it('does not repeat work for an expectation that the leader has judged', async () => {
    let times = 0;
    const work = unitOfWork(
      store,
      async (unit) => {
        times += 1;
        await unit.load(plain.orders, '1', { expect: 'none' });
      },
      { retryWhen: () => true },
    );
    expect(await rejection(work)).toMatchObject({ code: 'wrong-expected-version' });
    expect(times).toBe(1);
  });
});
