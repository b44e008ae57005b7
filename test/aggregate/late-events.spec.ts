import { AggregateRoot } from '@nestjs/cqrs';
import { repository } from '../../src/aggregate/repository.js';
import { unitOfWork } from '../../src/aggregate/unit-of-work/unit-of-work.js';
import {
  type InMemoryEventStore,
  inMemoryEventStore,
} from '../../src/testing/in-memory/in-memory-event-store.js';
import { inMemorySnapshots } from '../../src/aggregate/snapshot/in-memory-snapshot-store.js';
import { collect, rejection } from '../support/collect.js';
import { Order, ORDER_EVENTS } from './order.js';
import { Event } from '../../src/event/event-type.js';

/** An aggregate without `apply`: nobody can tell who applies. */
class ByHand {
  total = 0;
  readonly #kept: object[] = [];

  payIn(amount: number): void {
    this.#kept.push(new Paid(amount));
    this.total += amount;
  }

  getUncommittedEvents(): object[] {
    return [...this.#kept];
  }

  uncommit(): void {
    this.#kept.length = 0;
  }

  loadFromHistory(history: object[]): void {
    for (const { amount } of history as Paid[]) this.total += amount;
  }
}

@Event('Paid')
class Paid {
  constructor(readonly amount: number) {}
}

let store: InMemoryEventStore;
let warnings: string[];
const onWarning = (warning: string): void => void warnings.push(warning);

beforeEach(() => {
  store = inMemoryEventStore({ events: [...ORDER_EVENTS, Paid] });
  warnings = [];
});

/** Something to wait for, to be ended by the test. */
function gate(): { readonly passed: Promise<void>; readonly open: () => void } {
  let open = (): void => undefined;
  const passed = new Promise<void>((resolve) => (open = resolve));
  return { passed, open: () => open() };
}

async function amounts(stream: 'order/1' | 'hand/1'): Promise<unknown[]> {
  const events = await collect(store.read(stream));
  return events.map(({ data }) => (data as { amount?: number }).amount);
}

describe('an event that is applied after its decision has returned', () => {
  it('is not stored with the next command, and is told', async () => {
    const orders = repository(store, Order, { onWarning });
    const { passed, open } = gate();
    let late: Promise<void> = Promise.resolve();
    await orders.create('1', (order) => {
      order.payIn(1);
      late = passed.then(() => order.payIn(100));
    });
    open();
    await late;
    const { value } = await orders.update('1', (order) => {
      order.payIn(2);
      return order.balance;
    });
    expect(value).toBe(3);
    expect(await amounts('order/1')).toEqual([1, 2]);
    expect(warnings).toEqual([
      expect.stringContaining('BalancePaidIn was applied after the decision had returned'),
      expect.stringContaining('order/1 is dropped'),
    ]);
  });

  it('is not stored while the next decision has the same instance', async () => {
    const orders = repository(store, Order, { onWarning });
    const { passed, open } = gate();
    let late: Promise<void> = Promise.resolve();
    await orders.create('1', (order) => {
      order.payIn(1);
      late = passed.then(() => order.payIn(100));
    });
    await orders.update('1', async (order) => {
      open();
      await late;
      order.payIn(2);
    });
    expect(await amounts('order/1')).toEqual([1, 2]);
    expect((await orders.load('1')).balance).toBe(3);
  });

  it('is not stored by a unit of work, nor after it', async () => {
    const orders = repository(store, Order, { onWarning });
    await orders.create('1', (order) => order.payIn(1));
    const { passed, open } = gate();
    let late: Promise<void> = Promise.resolve();
    await unitOfWork(store, async (unit) => {
      const order = await unit.load(orders, '1');
      order.payIn(2);
      late = passed.then(() => order.payIn(100));
      setImmediate(open);
    });
    open();
    await late;
    await orders.update('1', (order) => order.payIn(3));
    expect(await amounts('order/1')).toEqual([1, 2, 3]);
    expect(warnings).not.toEqual([]);
  });

  it('drops an instance of a class that keeps its events by itself', async () => {
    const hands = repository(store, ByHand, { category: 'hand', onWarning });
    let kept: ByHand | undefined;
    await hands.create('1', (hand) => {
      hand.payIn(1);
      kept = hand;
    });
    kept?.payIn(100);
    await hands.update('1', (hand) => hand.payIn(2));
    expect(await amounts('hand/1')).toEqual([1, 2]);
    expect((await hands.load('1')).total).toBe(3);
    expect(warnings).toEqual([expect.stringContaining('hand/1 is dropped')]);
  });

  it('does not hinder a command inside of a command', async () => {
    const orders = repository(store, Order, { onWarning });
    await orders.create('2', (order) => order.payIn(1));
    await orders.create('1', async (order) => {
      await orders.update('2', (other) => {
        other.payIn(2);
        order.payIn(5);
      });
    });
    expect(await amounts('order/1')).toEqual([5]);
    expect(warnings).toEqual([]);
  });
});

describe('autoCommit switched on by a decision', () => {
  it('is refused, since there would be nothing to store', async () => {
    const orders = repository(store, Order, { onWarning });
    await orders.create('1', (order) => order.payIn(1));
    const before = orders.update('1', (order) => {
      order.autoCommit = true;
      order.payIn(2);
    });
    expect(await rejection(before)).toMatchObject({ code: 'invalid-option' });
    const nothing = orders.update('1', (order) => void (order.autoCommit = true));
    expect(await rejection(nothing)).toMatchObject({ code: 'invalid-option' });
    const order = await orders.load('1');
    order.autoCommit = true;
    expect(await rejection(orders.save(order))).toMatchObject({ code: 'invalid-option' });
    expect(await amounts('order/1')).toEqual([1]);
  });
});

describe('a method that no event has the name of', () => {
  class Misspelt extends AggregateRoot {
    onBalancepaidIn(): void {
      // never called
    }

    onOrderClosed(): void {
      // fine
    }
  }

  it('is said at start, with the name that may be meant', () => {
    repository(store, Misspelt, { category: 'misspelt', onWarning });
    expect(warnings).toEqual([
      'Misspelt: it has a method onBalancepaidIn, but no event of that name is registered; did you mean onBalancePaidIn?',
    ]);
  });

  it('is refused where events without a method are', () => {
    const strict = (): unknown =>
      repository(store, Misspelt, { category: 'misspelt', unhandledEvents: 'fail' });
    expect(strict).toThrow(/onBalancePaidIn/);
  });
});

describe('a state that JSON would change', () => {
  it.each<[string, unknown]>([
    ['a map', new Map([['a', 1]])],
    ['a set inside', { members: new Set(['a']) }],
    ['a date', { at: new Date(0) }],
    ['undefined in a list', { list: [undefined, 1] }],
    ['an instance of a class', new (class Basket {})()],
    ['a big integer', { total: 10n }],
  ])('is no snapshot but a warning: %s', async (_, state) => {
    const snapshots = { store: inMemorySnapshots(), every: 2 };
    const decider = {
      initialState: undefined as unknown,
      decide: (amount: number) => new Paid(amount),
      evolve: () => state,
    };
    const options = { category: 'odd', snapshots, cache: false as const, onWarning };
    const odd = repository(store, decider, options);
    for (const amount of [1, 2, 3]) await odd.handle('1', amount);
    await odd.drain();
    expect((await odd.load('1')).state).toBe(state);
    expect(warnings[0]).toMatch(/cannot be made .*: state/);
  });
});

it('a callback for warnings that throws fails no command', async () => {
  const snapshots = { store: inMemorySnapshots(), every: 1 };
  const decider = { initialState: 0, decide: (n: number) => new Paid(n), evolve: () => Number.NaN };
  const failing = repository(store, decider, {
    category: 'odd',
    snapshots,
    onWarning: () => {
      throw new TypeError('the logger is down');
    },
  });
  expect(await failing.handle('1', 1)).toMatchObject({ committed: true });
});
