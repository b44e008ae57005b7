// What must not compile: `tsc` fails on an expectation of an error that does not come.
import type { Decider } from '../../src/aggregate/model/decider.js';
import type { DeciderRepository, HandleResult } from '../../src/aggregate/decider-repository.js';
import { type Repository, repository } from '../../src/aggregate/repository.js';
import { unitOfWork } from '../../src/aggregate/unit-of-work/unit-of-work.js';
import type { UpdateResult } from '../../src/aggregate/command/update-options.js';
import { streamName } from '../../src/event/stream-name.js';
import type { EventStore } from '../../src/event-store/event-store.js';
import { specification } from '../../src/testing/specification.js';
import {
  account,
  type AccountCommand,
  type AccountEvent,
  type AccountState,
  MoneyDeposited,
  MoneyWithdrawn,
} from './account.js';
import { Order, OrderItemAdded } from './order.js';

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

/** Compiles if the type is `true`. */
function holds<_T extends true>(): void {}

declare const store: EventStore;

function deciders(): void {
  const decider: Decider<AccountCommand, AccountEvent, AccountState> = {
    initialState: { owner: undefined, balance: 0 },
    decide: (command) => (command.type === 'deposit' ? new MoneyDeposited(command.amount) : []),
    evolve: (state, event) => (event instanceof MoneyDeposited ? { ...state, balance: event.amount } : state),
  };
  const wrong: Decider<AccountCommand, AccountEvent, AccountState>[] = [
    // @ts-expect-error a state that lacks something
    { ...decider, initialState: { balance: 0 } },
    // @ts-expect-error an event that is not the decider's
    { ...decider, decide: () => new OrderItemAdded('pen', 1) },
    // @ts-expect-error one that is, and one that is not
    { ...decider, decide: () => [new MoneyDeposited(1), { type: 'unknown' }] },
    // @ts-expect-error a command without that property
    { ...decider, decide: (command) => new MoneyDeposited(command.amount) },
    // @ts-expect-error a new state that lacks something
    { ...decider, evolve: () => ({ owner: 'ada' }) },
    // @ts-expect-error no evolve
    { initialState: decider.initialState, decide: decider.decide },
  ];
  void wrong;
}

async function repositories(): Promise<void> {
  const accounts = repository(store, account, { category: 'account' });
  const orders = repository(store, Order);
  holds<Equal<typeof accounts, DeciderRepository<AccountCommand, AccountEvent, AccountState>>>();
  holds<Equal<typeof orders, Repository<Order>>>();

  const handled = await accounts.handle('1', { type: 'deposit', amount: 1 });
  holds<Equal<typeof handled, HandleResult<AccountEvent>>>();
  const updated = await orders.update('1', async (order) => order.balance);
  holds<Equal<typeof updated, UpdateResult<number>>>();

  // @ts-expect-error no such command
  await accounts.handle('1', { type: 'close' });
  // @ts-expect-error a command without its data
  await accounts.handle('1', { type: 'deposit' });
  // @ts-expect-error data of another type
  await accounts.handle('1', { type: 'deposit', amount: '1' });
  // @ts-expect-error an event that is not the decider's
  await accounts.update('1', () => new OrderItemAdded('pen', 1));
  // @ts-expect-error a state has no such property
  await accounts.update('1', ({ items }) => new MoneyWithdrawn(items));
  // @ts-expect-error create says itself what is expected
  await accounts.create('1', { type: 'deposit', amount: 1 }, { expect: 'any' });
  // @ts-expect-error no such expectation
  await orders.update('1', () => undefined, { expect: 'some' });
  // @ts-expect-error an instance has no such method
  await orders.update('1', (order) => order.fly());
}

function options(): void {
  repository(store, account, { streamName: (id) => streamName('account', id) });
  // @ts-expect-error a decider does not say where its streams are
  repository(store, account);
  // @ts-expect-error nor do options without it
  repository(store, account, { retries: 1 });
  // @ts-expect-error one or the other
  repository(store, account, { category: 'a', streamName: (id) => streamName('account', id) });
  // @ts-expect-error no stream
  repository(store, account, { streamName: (id) => id });
  // @ts-expect-error a decider has no methods for events
  repository(store, account, { category: 'account', unhandledEvents: 'fail' });
  // @ts-expect-error no class of aggregates
  repository(store, class Nothing {});
}

async function unitsOfWork(): Promise<void> {
  const accounts = repository(store, account, { category: 'account' });
  const orders = repository(store, Order);
  await unitOfWork(store, async (unit) => {
    const order = await unit.load(orders, '1');
    holds<Equal<typeof order, Order>>();
    const { state } = await unit.load(accounts, '1');
    holds<Equal<typeof state, AccountState>>();
    // @ts-expect-error no such command
    await unit.handle(accounts, '1', { type: 'close' });
    // @ts-expect-error an aggregate of a class handles no commands
    await unit.handle(orders, '1', { type: 'close' });
  });
}

async function specifications(): Promise<void> {
  await specification(account)
    .given([new MoneyDeposited(1)])
    .when({ type: 'withdraw', amount: 1 })
    .thenNothing();
  // @ts-expect-error an event that is not the decider's
  specification(account).given([new OrderItemAdded('pen', 1)]);
  // @ts-expect-error no such command
  specification(account).when({ type: 'close' });
  // @ts-expect-error an instance has no such method
  specification(Order).when((order) => order.fly());
}

it('is checked by tsc: wrong events, commands, states and options do not compile', () => {
  expect([deciders, repositories, options, unitsOfWork, specifications]).toHaveLength(5);
});
