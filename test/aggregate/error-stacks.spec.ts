import { unitOfWork } from '../../src/aggregate/unit-of-work/unit-of-work.js';
import { repository } from '../../src/aggregate/repository.js';
import type { CommandMiddleware } from '../../src/aggregate/command/command-middleware.js';
import { inMemoryEventStore } from '../../src/testing/in-memory/in-memory-event-store.js';
import { rejection } from '../support/collect.js';
import { account, ACCOUNT_EVENTS } from './account.js';
import { Order, ORDER_EVENTS } from './order.js';

const store = inMemoryEventStore({ events: [...ACCOUNT_EVENTS, ...ORDER_EVENTS] });
const middleware: CommandMiddleware[] = [
  { command: async (_, next) => next(), decision: async (_, next) => next() },
];
const accounts = repository(store, account, { category: 'account' });
const orders = repository(store, Order);
const watchedAccounts = repository(store, account, { category: 'account', middleware });
const watchedOrders = repository(store, Order, { middleware });
/** The same in another process. */
const elsewhere = store.another();
const theirAccounts = repository(elsewhere, account, { category: 'account' });
const theirOrders = repository(elsewhere, Order);

const deposit = { type: 'deposit', amount: 1 } as const;

const conflict = 'WrongExpectedVersionError';
const notFound = 'AggregateNotFoundError';

/** What fails, with which error, when the function that is called here makes the call. */
const CALLS: [string, string, () => Promise<unknown>][] = [
  ['load', notFound, async () => accounts.load('missing')],
  ['load of a class', notFound, async () => orders.load('missing')],
  ['handle', notFound, async () => accounts.handle('missing', deposit, { expect: 'exists' })],
  ['handle', conflict, async () => accounts.handle('1', deposit, { expect: 70 })],
  ['handle, with middleware', conflict, async () => watchedAccounts.handle('1', deposit, { expect: 70 })],
  ['create', conflict, async () => accounts.create('1', deposit)],
  ['create of a class', conflict, async () => orders.create('1', (order) => order.payIn(1))],
  [
    'create of a class, with middleware',
    conflict,
    async () => watchedOrders.create('1', (order) => order.payIn(1)),
  ],
  ['update of a class', notFound, async () => orders.update('missing', (order) => order.payIn(1))],
  [
    'update that another writer came before',
    conflict,
    async () =>
      accounts.update(
        '1',
        async () => {
          await theirAccounts.handle('1', deposit);
          return [];
        },
        { retries: 0 },
      ),
  ],
  [
    'update of a class that another writer came before',
    conflict,
    async () =>
      watchedOrders.update(
        '1',
        async (order) => {
          await theirOrders.update('1', (other) => other.payIn(1));
          order.payIn(1);
        },
        { retries: 0 },
      ),
  ],
  [
    'save',
    conflict,
    async () => {
      const order = await orders.load('1');
      await theirOrders.update('1', (other) => other.payIn(1));
      order.payIn(1);
      return orders.save(order);
    },
  ],
  [
    'save, with middleware',
    conflict,
    async () => {
      const order = await watchedOrders.load('1');
      await theirOrders.update('1', (other) => other.payIn(1));
      order.payIn(1);
      return watchedOrders.save(order);
    },
  ],
  [
    'unitOfWork',
    'TransactionConflictError',
    async () =>
      unitOfWork(
        store,
        async (unit) => {
          await unit.handle(watchedAccounts, '1', deposit);
          await theirAccounts.handle('1', deposit);
        },
        { retries: 0 },
      ),
  ],
  ['unitOfWork', notFound, async () => unitOfWork(store, async (unit) => unit.load(orders, 'missing'))],
];

beforeAll(async () => {
  await accounts.handle('1', deposit);
  await orders.create('1', (order) => order.payIn(1));
});

describe('the stack of an error', () => {
  it.each(CALLS)('of %s that fails with a %s shows the calling function', async (_, name, call) => {
    const callingFunction = async (): Promise<void> => {
      await call();
    };
    const error = await rejection(callingFunction());
    expect(error).toMatchObject({ name });
    expect((error as Error).stack).toContain('callingFunction');
    expect((error as Error).stack).toContain('error-stacks.spec');
  });

  it('of a command that waited for another one shows the calling function', async () => {
    const callingFunction = async (): Promise<void> => {
      await accounts.handle('2', deposit, { expect: 70 });
    };
    const first = accounts.handle('2', deposit);
    const error = await rejection(callingFunction());
    await first;
    expect(error).toMatchObject({ name: conflict });
    expect((error as Error).stack).toContain('callingFunction');
  });

  it('of a refusal is the one of the caller’s own error', async () => {
    const error = new RangeError('refused');
    const { stack } = error;
    const refuse = (): never => {
      throw error;
    };
    expect(await rejection(accounts.update('1', refuse))).toBe(error);
    expect(await rejection(orders.update('1', refuse))).toBe(error);
    expect(await rejection(unitOfWork(store, refuse))).toBe(error);
    expect(error.stack).toBe(stack);
  });
});
