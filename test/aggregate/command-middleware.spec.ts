import type { CommandMiddleware } from '../../src/aggregate/command/command-middleware.js';
import { repository } from '../../src/aggregate/repository.js';
import type { Repository } from '../../src/aggregate/repository.js';
import {
  inMemoryEventStore,
  type InMemoryEventStore,
} from '../../src/testing/in-memory/in-memory-event-store.js';
import { streamName } from '../../src/event/stream-name.js';
import { collect, rejection } from '../support/collect.js';
import { account, ACCOUNT_EVENTS, MoneyDeposited, MoneyWithdrawn } from './account.js';
import { BalancePaidIn, Order, ORDER_EVENTS, OrderClosed } from './order.js';

let store: InMemoryEventStore;

beforeEach(() => {
  store = inMemoryEventStore({ events: [...ACCOUNT_EVENTS, ...ORDER_EVENTS] });
});

const deposit = (amount: number) => ({ type: 'deposit', amount }) as const;

function noting(name: string, notes: string[]): CommandMiddleware {
  return {
    command: async (_, next) => {
      notes.push(`${name} before`);
      const result = await next();
      notes.push(`${name} after ${result.attempts}`);
      return result;
    },
    decision: async ({ attempt }, next) => {
      notes.push(`${name} decides ${attempt}`);
      return next();
    },
  };
}

function withDecision(decision: CommandMiddleware['decision']) {
  return repository(store, account, { category: 'account', middleware: [{ decision }] });
}

function ordersWith(decision: CommandMiddleware['decision']): Repository<Order> {
  return repository(store, Order, { middleware: [{ decision }] });
}

describe('middleware', () => {
  it('is called once for a command and again for each decision, the first outermost', async () => {
    const notes: string[] = [];
    const middleware = [noting('outer', notes), {}, noting('inner', notes)];
    const accounts = repository(store, account, { category: 'account', middleware });
    const elsewhere = repository(store.another(), account, { category: 'account' });
    await accounts.update('1', async () => {
      notes.push('decided');
      if (notes.length < 6) await elsewhere.handle('1', deposit(1));
      return new MoneyDeposited(1);
    });
    expect(notes).toEqual([
      'outer before',
      'inner before',
      'outer decides 1',
      'inner decides 1',
      'decided',
      'outer decides 2',
      'inner decides 2',
      'decided',
      'inner after 2',
      'outer after 2',
    ]);
  });

  it('is told the stream, the command, the options and the state', async () => {
    const seen: unknown[] = [];
    const middleware: CommandMiddleware = {
      decision: async ({ stream: name, command, options, state, version }, next) => {
        seen.push(name.toString(), command, options.commandId, state, version);
        return next();
      },
    };
    const accounts = repository(store, account, { category: 'account', middleware: [middleware] });
    await accounts.handle('1', deposit(1), { commandId: 'c' });
    expect(seen).toEqual(['account/1', deposit(1), 'c', account.initialState, 0]);
  });

  it('may refuse a command before it is decided', async () => {
    const accounts = repository(store, account, {
      category: 'account',
      middleware: [{ command: async () => Promise.reject(new TypeError('not allowed')) }],
    });
    expect(await rejection(accounts.handle('1', deposit(1)))).toMatchObject({ message: 'not allowed' });
    expect(await accounts.exists('1')).toBe(false);
  });

  it('may reject all events of a decision', async () => {
    const accounts = withDecision(async (_, next) => {
      await next();
      throw new TypeError('rejected');
    });
    expect(await rejection(accounts.handle('1', deposit(1)))).toMatchObject({ message: 'rejected' });
    expect(await accounts.exists('1')).toBe(false);
  });

  it('may keep the events before one, or leave one out', async () => {
    const three = [new MoneyDeposited(1), new MoneyWithdrawn(2), new MoneyDeposited(4)];
    const keeping = withDecision(async (_, next) => (await next()).slice(0, 1));
    expect(await keeping.update('1', () => three)).toMatchObject({ version: 1 });
    const skipping = withDecision(async (_, next) =>
      (await next()).filter((event) => !(event instanceof MoneyWithdrawn)),
    );
    expect(await skipping.update('2', () => three)).toMatchObject({ version: 2 });
    expect((await skipping.load('2')).state.balance).toBe(5);
    const dropping = withDecision(async (_, next) => (await next()).slice(3));
    expect(await dropping.update('3', () => three)).toMatchObject({ version: 0, committed: false });
  });

  it('may turn an event that tells of a failure into an error', async () => {
    const failing = withDecision(async (_, next) => {
      const events = await next();
      if (events.some((event) => event instanceof MoneyWithdrawn)) throw new TypeError('a failure');
      return events;
    });
    expect(await rejection(failing.update('1', () => new MoneyWithdrawn(1)))).toMatchObject({
      message: 'a failure',
    });
    expect(await failing.exists('1')).toBe(false);
  });

  it('that leaves out an event which an instance has applied removes the instance from the cache', async () => {
    const orders = ordersWith(async (_, next) =>
      (await next()).filter((event) => !(event instanceof OrderClosed)),
    );
    await orders.create('1', (order) => order.payIn(1));
    await orders.update('1', (order) => {
      order.payIn(2);
      order.close();
    });
    await orders.update('1', (order) => order.close());
    expect(await orders.update('1', ({ isClosed, balance }) => [isClosed, balance])).toMatchObject({
      value: [false, 3],
    });
    expect((await collect(store.read(streamName('order', '1')))).map(({ data }) => data)).toEqual([
      new BalancePaidIn(1),
      new BalancePaidIn(2),
    ]);
  });
});
