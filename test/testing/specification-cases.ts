import { streamName } from '../../src/event/stream-name.js';
import { specification } from '../../src/testing/specification.js';
import {
  account,
  AccountOpened,
  type AccountState,
  MoneyDeposited,
  MoneyWithdrawn,
  OverdrawnError,
} from '../aggregate/account.js';
import { BalancePaidIn, NotEnoughPaidError, Order, OrderItemAdded } from '../aggregate/order.js';

/** One use of given/when/then. */
export interface SpecificationCase {
  readonly title: string;
  readonly run: () => Promise<void>;
  /** What the failed assertion says; undefined for a case that holds. */
  readonly fails?: RegExp;
}

const rich = specification(account).given([new AccountOpened('ada'), new MoneyDeposited(10)]);
const withdraw = (amount: number) => ({ type: 'withdraw', amount }) as const;
const deciding = (decide: () => unknown) =>
  specification({ ...account, decide: decide as typeof account.decide }).when(withdraw(1));
const paid = specification(Order).given([new BalancePaidIn(10)]);
const changesInPlace = specification({
  ...account,
  evolve: (state: AccountState & { balance: number }, event: object) => {
    if (event instanceof MoneyDeposited) state.balance += event.amount;
    return state;
  },
});

/** For whatever test runner: every assertion, holding and failing. */
export const SPECIFICATION_CASES: readonly SpecificationCase[] = [
  {
    title: 'events',
    run: async () => rich.when(withdraw(4)).thenEvents([new MoneyWithdrawn(4)]),
  },
  {
    title: 'other data of an event',
    run: async () => rich.when(withdraw(4)).thenEvents([new MoneyWithdrawn(5)]),
    fails: /amount/,
  },
  {
    title: 'an event of another class with the same data',
    run: async () => rich.when(withdraw(4)).thenEvents([new MoneyDeposited(4)]),
    fails: /MoneyDeposited/,
  },
  {
    title: 'too few events',
    run: async () => rich.when(withdraw(4)).thenEvents([]),
    fails: /MoneyWithdrawn/,
  },
  {
    title: 'events where it was refused',
    run: async () => rich.when(withdraw(11)).thenEvents([new MoneyWithdrawn(11)]),
    fails: /was refused: .*11 is more than 10/,
  },
  {
    title: 'nothing',
    run: async () => rich.when({ type: 'open', owner: 'ada' }).thenNothing(),
  },
  {
    title: 'nothing where something happened',
    run: async () => rich.when(withdraw(4)).thenNothing(),
    fails: /nothing was to happen, but .*MoneyWithdrawn/,
  },
  {
    title: 'nothing where it was refused',
    run: async () => rich.when(withdraw(11)).thenNothing(),
    fails: /was refused/,
  },
  { title: 'any error', run: async () => rich.when(withdraw(11)).thenError() },
  { title: 'an error by class', run: async () => rich.when(withdraw(11)).thenError(OverdrawnError) },
  { title: 'an error by base class', run: async () => rich.when(withdraw(11)).thenError(Error) },
  { title: 'an error by text', run: async () => rich.when(withdraw(11)).thenError('more than 10') },
  { title: 'an error by pattern', run: async () => rich.when(withdraw(11)).thenError(/^11 is/) },
  {
    title: 'an error by predicate',
    run: async () => rich.when(withdraw(11)).thenError((error) => error instanceof OverdrawnError),
  },
  {
    title: 'any error where nothing was refused',
    run: async () => rich.when(withdraw(4)).thenError(),
    fails: /was not refused, but decided .*MoneyWithdrawn/,
  },
  ...[NotEnoughPaidError, 'more than 12', /^12/, () => false].map((expected) => ({
    title: `another error, by ${typeof expected === 'function' ? expected.name || 'predicate' : String(expected)}`,
    run: async () => rich.when(withdraw(11)).thenError(expected),
    fails: /another error/,
  })),
  {
    title: 'a refusal that is no error',
    run: async () =>
      deciding(() => {
        // oxlint-disable-next-line typescript/only-throw-error -- what users throw is theirs
        throw 'no';
      }).thenError('no'),
  },
  {
    title: 'a state',
    run: async () =>
      rich.when(withdraw(4)).thenState(({ balance }) => {
        if (balance !== 6) throw new TypeError(`balance is ${balance}`);
      }),
  },
  {
    title: 'another state',
    run: async () =>
      rich.when(withdraw(5)).thenState(({ balance }) => {
        if (balance !== 6) throw new TypeError(`balance is ${balance}`);
      }),
    fails: /balance is 5/,
  },
  {
    title: 'a state by a predicate',
    run: async () => rich.when(withdraw(4)).thenState(({ balance }) => balance === 6),
  },
  {
    title: 'another state, by a predicate',
    run: async () => rich.when(withdraw(4)).thenState(async ({ balance }) => balance === 7),
    fails: /the state is not as expected/,
  },
  {
    title: 'a state where it was refused',
    run: async () => rich.when(withdraw(11)).thenState(() => true),
    fails: /was refused/,
  },
  {
    title: 'an asynchronous decision',
    run: async () => deciding(async () => new MoneyDeposited(1)).thenEvents([new MoneyDeposited(1)]),
  },
  {
    title: 'an asynchronous refusal',
    run: async () => deciding(async () => Promise.reject(new OverdrawnError('no'))).thenError(OverdrawnError),
  },
  {
    title: 'a decision by a thenable that is no promise',
    run: async () =>
      // oxlint-disable-next-line unicorn/no-thenable -- as query builders give them
      deciding(() => ({ then: (done: (event: object) => void) => done(new MoneyDeposited(1)) })).thenEvents([
        new MoneyDeposited(1),
      ]),
  },
  {
    title: 'other events of an asynchronous decision',
    run: async () => deciding(async () => new MoneyDeposited(1)).thenNothing(),
    fails: /nothing was to happen/,
  },
  {
    title: 'a decision that is awaited too early: it is no thenable itself',
    run: async () => (await Promise.resolve(rich.when(withdraw(4)))).thenEvents([new MoneyWithdrawn(4)]),
  },
  {
    title: 'an instance of a class',
    run: async () => paid.when((order) => order.add('pen', 4)).thenEvents([new OrderItemAdded('pen', 4)]),
  },
  {
    title: 'an instance that refuses asynchronously, after it has applied something',
    run: async () =>
      paid
        .when(async (order) => {
          order.add('pen', 4);
          await Promise.resolve();
          order.add('car', 5_000);
        })
        .thenError(NotEnoughPaidError),
  },
  {
    title: 'an instance without a history, and its state',
    run: async () =>
      specification(Order, { id: '7' })
        .when((order) => order.payIn(1))
        .thenState(({ id, balance }) => {
          if (id !== '7' || balance !== 1) throw new TypeError(`${id} has ${balance}`);
        }),
  },
  {
    title: 'other events of an instance',
    run: async () => paid.when((order) => order.close()).thenNothing(),
    fails: /OrderClosed/,
  },
  {
    title: 'a decider that changes its state in place, even where any error would do',
    run: async () =>
      changesInPlace
        .given([new MoneyDeposited(1)])
        .when(withdraw(5))
        .thenError(),
    fails: /read only/,
  },
  {
    title: 'what is no event',
    run: async () => deciding(() => streamName('a', 'b')).thenEvents([new MoneyDeposited(1)]),
    fails: /StreamName/,
  },
];
