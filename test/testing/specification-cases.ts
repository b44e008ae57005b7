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

/** One test of given/when/then. */
export interface SpecificationCase {
  readonly title: string;
  readonly run: () => Promise<void>;
  /** Message of the failed assertion; undefined for a case that passes. */
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

/** Passing and failing cases of every assertion, for any test runner. */
export const SPECIFICATION_CASES: readonly SpecificationCase[] = [
  {
    title: 'events',
    run: async () => rich.when(withdraw(4)).thenEvents([new MoneyWithdrawn(4)]),
  },
  {
    title: 'an event with other data',
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
    title: 'events, but there was an error',
    run: async () => rich.when(withdraw(11)).thenEvents([new MoneyWithdrawn(11)]),
    fails: /failed with .*11 is more than 10/,
  },
  {
    title: 'nothing',
    run: async () => rich.when({ type: 'open', owner: 'ada' }).thenNothing(),
  },
  {
    title: 'no events, but there were some',
    run: async () => rich.when(withdraw(4)).thenNothing(),
    fails: /expected no events, but got .*MoneyWithdrawn/,
  },
  {
    title: 'no events, but there was an error',
    run: async () => rich.when(withdraw(11)).thenNothing(),
    fails: /failed with /,
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
    title: 'any error, but there was none',
    run: async () => rich.when(withdraw(4)).thenError(),
    fails: /expected an error, but got .*MoneyWithdrawn/,
  },
  ...[NotEnoughPaidError, 'more than 12', /^12/, () => false].map((expected) => ({
    title: `another error, by ${typeof expected === 'function' ? expected.name || 'predicate' : String(expected)}`,
    run: async () => rich.when(withdraw(11)).thenError(expected),
    fails: /another error/,
  })),
  {
    title: 'a thrown value that is not an error',
    run: async () =>
      deciding(() => {
        // oxlint-disable-next-line typescript/only-throw-error -- users can throw any value
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
    fails: /the check of the state returned false/,
  },
  {
    title: 'a state, but there was an error',
    run: async () => rich.when(withdraw(11)).thenState(() => true),
    fails: /failed with /,
  },
  {
    title: 'an asynchronous decision',
    run: async () => deciding(async () => new MoneyDeposited(1)).thenEvents([new MoneyDeposited(1)]),
  },
  {
    title: 'an asynchronous error',
    run: async () => deciding(async () => Promise.reject(new OverdrawnError('no'))).thenError(OverdrawnError),
  },
  {
    title: 'a decision that returns a thenable which is not a promise',
    run: async () =>
      // oxlint-disable-next-line unicorn/no-thenable -- query builders return thenables
      deciding(() => ({ then: (done: (event: object) => void) => done(new MoneyDeposited(1)) })).thenEvents([
        new MoneyDeposited(1),
      ]),
  },
  {
    title: 'other events of an asynchronous decision',
    run: async () => deciding(async () => new MoneyDeposited(1)).thenNothing(),
    fails: /expected no events/,
  },
  {
    title: 'a decision that is awaited too early: it is not a thenable itself',
    run: async () => (await Promise.resolve(rich.when(withdraw(4)))).thenEvents([new MoneyWithdrawn(4)]),
  },
  {
    title: 'an instance of a class',
    run: async () => paid.when((order) => order.add('pen', 4)).thenEvents([new OrderItemAdded('pen', 4)]),
  },
  {
    title: 'an instance that throws asynchronously after it applied an event',
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
    title: 'an instance without history, and its state',
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
    title: 'a decider that mutates its state, even if any error is expected',
    run: async () =>
      changesInPlace
        .given([new MoneyDeposited(1)])
        .when(withdraw(5))
        .thenError(),
    fails: /read only/,
  },
  {
    title: 'a value that is not an event',
    run: async () => deciding(() => streamName('a', 'b')).thenEvents([new MoneyDeposited(1)]),
    fails: /StreamName/,
  },
];
