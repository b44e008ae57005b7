import { AggregateRoot } from '@nestjs/cqrs';
import { EventSourced } from '../../src/aggregate/model/event-sourced.js';
import { repository, type Repository } from '../../src/aggregate/repository.js';
import type { UpdateOptions } from '../../src/aggregate/command/update-options.js';
import { streamName } from '../../src/event/stream-name.js';
import type { JetStreamEventStore } from '../../src/event-store/jetstream-event-store.js';
import { AggregateNotFoundError } from '../../src/aggregate/aggregate-errors.js';
import { WrongExpectedVersionError } from '../../src/event-store/append/append-errors.js';
import { openStore, uniqueStoreName } from '../shared-server.js';
import { collect, rejection } from '../support/collect.js';
import { BalancePaidIn, NotEnoughPaidError, Order, ORDER_EVENTS, OrderItemAdded } from './order.js';

const name = uniqueStoreName();
let store: JetStreamEventStore;
let orders: Repository<Order>;
/** The same aggregates over another connection. */
let elsewhere: Repository<Order>;
let lastId = 0;

beforeAll(async () => {
  store = await openStore({ name, events: ORDER_EVENTS });
  orders = repository(store, Order);
  elsewhere = repository(await openStore({ name, events: ORDER_EVENTS }), Order);
});

function newId(): string {
  return `id-${++lastId}`;
}

async function typesIn(id: string): Promise<string[]> {
  return (await collect(store.read(streamName('order', id), { consistency: 'leader' }))).map(
    ({ type }) => type,
  );
}

async function newOrder(balance = 100): Promise<string> {
  const id = newId();
  await orders.create(id, (order) => order.payIn(balance));
  return id;
}

describe('load and find', () => {
  it('rebuild an aggregate from its events', async () => {
    const id = await newOrder(100);
    await orders.update(id, (order) => {
      order.add('pen', 30);
      order.add('ink', 20);
    });
    for (const order of [await orders.load(id), await orders.find(id), await elsewhere.load(id)]) {
      expect(order).toBeInstanceOf(Order);
      expect(order).toMatchObject({ id, balance: 50, items: ['pen', 'ink'], isClosed: false });
      expect(order?.getUncommittedEvents()).toEqual([]);
    }
  });

  it('tell that there is none', async () => {
    const id = newId();
    expect(await orders.find(id)).toBeUndefined();
    const error = await rejection(orders.load(id));
    expect(error).toBeInstanceOf(AggregateNotFoundError);
    expect(error).toMatchObject({ stream: `order/${id}` });
  });

  it('give separate objects to two callers', async () => {
    const id = await newOrder();
    const [one, two] = await Promise.all([orders.load(id), orders.load(id)]);
    one.payIn(5);
    expect(two.balance).toBe(100);
    expect(two.getUncommittedEvents()).toEqual([]);
  });

  it.each(['', null, undefined, 5])('refuse the id %p', async (id) => {
    expect(await rejection(orders.load(id as string))).toMatchObject({ name: 'InvalidStreamNameError' });
    expect(await rejection(orders.update(id as string, () => undefined))).toMatchObject({
      name: 'InvalidStreamNameError',
    });
  });
});

describe('save', () => {
  it('stores what a new aggregate applied, under its id', async () => {
    const order = new Order(newId());
    order.payIn(10);
    order.add('pen', 4);
    expect(await orders.save(order, { id: order.id, metadata: { actor: 'ada' } })).toMatchObject({
      version: 2,
      committed: true,
    });
    expect(order.getUncommittedEvents()).toEqual([]);
    const [event] = await collect(store.read(streamName('order', order.id)));
    expect(event?.metadata.actor).toBe('ada');
    order.close();
    expect(await orders.save(order)).toMatchObject({ version: 3 });
    expect(await typesIn(order.id)).toEqual(['BalancePaidIn', 'OrderItemAdded', 'OrderClosed']);
  });

  it('of nothing is no error and stores nothing, and twice stores once', async () => {
    const order = await orders.load(await newOrder());
    expect(await orders.save(order)).toMatchObject({ version: 1, committed: false });
    order.payIn(1);
    await orders.save(order);
    expect(await orders.save(order)).toMatchObject({ version: 2, committed: false });
    expect(await typesIn(order.id)).toHaveLength(2);
  });

  it('of nothing does not hide what others have stored since: the next save is a conflict', async () => {
    const order = await orders.load(await newOrder(100));
    await elsewhere.update(order.id, (other) => other.add('pen', 100));
    expect(await orders.save(order)).toMatchObject({ committed: false });
    order.add('ink', 100);
    expect(await rejection(orders.save(order))).toBeInstanceOf(WrongExpectedVersionError);
    expect((await orders.load(order.id)).balance).toBe(0);
  });

  it('that fails keeps the uncommitted events, and the version they were decided at', async () => {
    const order = await orders.load(await newOrder());
    await elsewhere.update(order.id, (other) => other.payIn(1));
    order.payIn(7);
    for (let attempt = 0; attempt < 2; attempt += 1) {
      expect(await rejection(orders.save(order))).toMatchObject({
        name: 'WrongExpectedVersionError',
        expected: 1,
        actual: 2,
      });
      expect(order.getUncommittedEvents()).toEqual([new BalancePaidIn(7)]);
    }
  });

  it('of a new aggregate under an id that is taken is a conflict', async () => {
    const id = await newOrder();
    const order = new Order(id);
    order.payIn(1);
    expect(await rejection(orders.save(order, { id }))).toMatchObject({
      name: 'WrongExpectedVersionError',
      expected: 'none',
    });
    expect(order.getUncommittedEvents()).toHaveLength(1);
  });

  it.each<[string, object]>([
    ['an aggregate that was not loaded, without an id', {}],
    ['an unknown option', { id: 'x', commandId: 'c' }],
  ])('refuses %s', async (_, options) => {
    expect(await rejection(orders.save(new Order('x'), options))).toMatchObject({
      name: 'InvalidOptionError',
    });
  });

  it('refuses another id than the aggregate was loaded under', async () => {
    const order = await orders.load(await newOrder());
    order.payIn(1);
    expect(await rejection(orders.save(order, { id: newId() }))).toMatchObject({
      name: 'InvalidOptionError',
      option: 'id',
    });
    expect(await orders.save(order, { id: order.id })).toMatchObject({ version: 2 });
  });
});

describe('update', () => {
  it('stores what was decided and tells value, version, position and attempts', async () => {
    const id = await newOrder();
    const result = await orders.update(id, async (order) => {
      order.add('pen', 1);
      order.add('ink', 2);
      return order.balance;
    });
    const events = await collect(store.read(streamName('order', id)));
    expect(result).toEqual({
      value: 97,
      version: 3,
      position: events[2]?.position,
      committed: true,
      attempts: 1,
    });
  });

  it('keeps metadata', async () => {
    const id = await newOrder();
    await orders.update(id, (order) => order.payIn(1), { metadata: { actor: 'ada' }, commandId: 'c' });
    expect((await collect(store.read(streamName('order', id), { from: 2 })))[0]?.metadata).toMatchObject({
      actor: 'ada',
      commandId: 'c',
    });
  });

  it('of a missing aggregate is refused, unless anything is expected', async () => {
    const id = newId();
    expect(await rejection(orders.update(id, (order) => order.payIn(1)))).toBeInstanceOf(
      AggregateNotFoundError,
    );
    expect(await rejection(orders.update(id, (order) => order.payIn(1), { expect: 3 }))).toBeInstanceOf(
      AggregateNotFoundError,
    );
    expect(await typesIn(id)).toEqual([]);
    expect(await orders.update(id, (order) => order.payIn(1), { expect: 'any' })).toMatchObject({
      version: 1,
    });
  });

  it('does nothing for a decision to do nothing', async () => {
    const id = await newOrder();
    expect(await orders.update(id, () => 'nothing')).toEqual({
      value: 'nothing',
      version: 1,
      position: undefined,
      committed: false,
      attempts: 1,
    });
    const missing = newId();
    expect(await orders.update(missing, () => undefined, { expect: 'any' })).toMatchObject({
      version: 0,
      committed: false,
    });
    expect(await orders.find(missing)).toBeUndefined();
  });

  it('passes a refusal on as it is and stores nothing, also of what was applied before it', async () => {
    const id = await newOrder(10);
    let decided = 0;
    const error = await rejection(
      orders.update(id, (order) => {
        decided += 1;
        order.add('pen', 5);
        order.add('car', 5_000);
      }),
    );
    expect(error).toBeInstanceOf(NotEnoughPaidError);
    expect(decided).toBe(1);
    expect(await typesIn(id)).toEqual(['BalancePaidIn']);
  });

  it('decides again on the new state when another writer was first', async () => {
    const id = await newOrder(100);
    const balances: number[] = [];
    const result = await orders.update(id, async (order) => {
      balances.push(order.balance);
      if (balances.length === 1) await elsewhere.update(id, (other) => other.add('pen', 60));
      order.add('ink', Math.min(50, order.balance));
      return order.items;
    });
    expect(balances).toEqual([100, 40]);
    expect(result).toMatchObject({ value: ['pen', 'ink'], version: 3, committed: true, attempts: 2 });
    expect((await orders.load(id)).balance).toBe(0);
  });

  it('refuses in the end what another writer has made impossible', async () => {
    const id = await newOrder(100);
    let decided = 0;
    const error = await rejection(
      orders.update(id, async (order) => {
        decided += 1;
        if (decided === 1) await elsewhere.update(id, (other) => other.add('pen', 60));
        order.add('ink', 50);
      }),
    );
    expect(error).toBeInstanceOf(NotEnoughPaidError);
    expect(decided).toBe(2);
  });

  it('decides again after a refusal on a stale state', async () => {
    const id = await newOrder(10);
    let decided = 0;
    const result = await orders.update(id, async (order) => {
      decided += 1;
      if (decided === 1) await elsewhere.update(id, (other) => other.payIn(100));
      order.add('pen', 50);
    });
    expect(result).toMatchObject({ version: 3, committed: true, attempts: 2 });
  });

  it('decides again after a decision to do nothing on a stale state', async () => {
    const id = await newOrder(10);
    let decided = 0;
    const result = await orders.update(id, async (order) => {
      decided += 1;
      if (decided === 1) await elsewhere.update(id, (other) => other.close());
      if (order.isClosed) order.payIn(1);
    });
    expect(decided).toBe(2);
    expect(result).toMatchObject({ version: 3, committed: true });
  });

  it.each([
    [0, 1],
    [1, 2],
    [3, 4],
  ])('with retries %p gives up after %i decisions, with the conflict', async (retries, decisions) => {
    const id = await newOrder();
    let decided = 0;
    const error = await rejection(
      orders.update(
        id,
        async (order) => {
          decided += 1;
          await elsewhere.update(id, (other) => other.payIn(1));
          order.payIn(1_000);
        },
        { retries },
      ),
    );
    expect(error).toBeInstanceOf(WrongExpectedVersionError);
    expect(error).toMatchObject({ expected: decisions, actual: decisions + 1 });
    expect(decided).toBe(decisions);
    expect((await orders.load(id)).balance).toBe(100 + decisions);
  });

  it('with an exact expected version is not retried', async () => {
    const id = await newOrder();
    let decided = 0;
    const error = await rejection(
      orders.update(
        id,
        async (order) => {
          decided += 1;
          await elsewhere.update(id, (other) => other.payIn(1));
          order.payIn(1_000);
        },
        { expect: 1 },
      ),
    );
    expect(error).toMatchObject({ name: 'WrongExpectedVersionError', expected: 1, actual: 2 });
    expect(decided).toBe(1);
  });

  it('with an old expected version does not decide, unless the cache holds that version', async () => {
    const id = newId();
    await elsewhere.create(id, (order) => order.payIn(100));
    await elsewhere.update(id, (order) => order.payIn(1));
    let decided = 0;
    const decide = (order: Order): void => {
      decided += 1;
      order.payIn(1);
    };
    expect(await rejection(orders.update(id, decide, { expect: 1 }))).toMatchObject({
      expected: 1,
      actual: 2,
    });
    expect(decided).toBe(0);
    expect(await orders.update(id, decide, { expect: 2 })).toMatchObject({ version: 3 });
  });

  it('does not decide again after errors that are no conflicts', async () => {
    const id = await newOrder();
    let decided = 0;
    const error = await rejection(
      orders.update(id, (order) => {
        decided += 1;
        order.apply({});
      }),
    );
    expect(error).toMatchObject({ name: 'EventRegistrationError' });
    expect(decided).toBe(1);
  });

  it('loses no decision of twenty callers at once', async () => {
    const id = await newOrder(0);
    const updates = Array.from({ length: 20 }, async (_, index) =>
      (index % 2 === 0 ? orders : elsewhere).update(id, (order) => order.payIn(1), { retries: 100 }),
    );
    expect((await Promise.all(updates)).every(({ committed }) => committed)).toBe(true);
    expect(await orders.load(id)).toMatchObject({ balance: 20 });
  });

  it.each<[string, object]>([
    ['negative retries', { retries: -1 }],
    ['an unknown expectation', { expect: 'some' }],
    ['a negative expectation', { expect: -1 }],
    ['a misspelt option', { retry: 1 }],
  ])('refuses %s', async (_, options) => {
    const id = await newOrder();
    const error = await rejection(orders.update(id, (order) => order.payIn(1), options as UpdateOptions));
    expect(error).toMatchObject({ name: 'InvalidOptionError' });
    expect(await typesIn(id)).toHaveLength(1);
  });

  it('ends with the reason of a signal', async () => {
    const id = await newOrder();
    const reason = new RangeError('enough');
    let decided = 0;
    const decide = (order: Order): void => {
      decided += 1;
      order.payIn(1);
    };
    expect(await rejection(orders.update(id, decide, { signal: AbortSignal.abort(reason) }))).toBe(reason);
    expect(decided).toBe(0);
  });
});

describe('create', () => {
  it('stores a new aggregate, and refuses one that exists without deciding', async () => {
    const id = newId();
    expect(await orders.create(id, (order) => order.payIn(1))).toMatchObject({ version: 1, committed: true });
    let decided = 0;
    expect(await rejection(elsewhere.create(id, () => (decided += 1)))).toMatchObject({
      name: 'WrongExpectedVersionError',
      expected: 'none',
      actual: 1,
    });
    expect(decided).toBe(0);
  });

  it('by two callers at once has one winner', async () => {
    const id = newId();
    const results = await Promise.allSettled([
      orders.create(id, (order) => order.payIn(1)),
      elsewhere.create(id, (order) => order.payIn(2)),
    ]);
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(results.find((result) => result.status === 'rejected')?.reason).toBeInstanceOf(
      WrongExpectedVersionError,
    );
    expect(await typesIn(id)).toHaveLength(1);
  });
});

describe('a command', () => {
  it('handled twice is decided and stored once, and the second caller gets the first versions', async () => {
    const id = await newOrder();
    let decided = 0;
    const decide = (order: Order): string => {
      decided += 1;
      order.payIn(5);
      return 'decided';
    };
    const first = await orders.update(id, decide, { commandId: 'c' });
    await orders.update(id, (order) => order.payIn(1));
    for (const handler of [orders, elsewhere]) {
      expect(await handler.update(id, decide, { commandId: 'c' })).toEqual({
        ...first,
        value: undefined,
        committed: false,
        attempts: 0,
      });
      // an hour later, with what the client expected then
      expect(await handler.update(id, decide, { commandId: 'c', expect: 1 })).toMatchObject({
        version: 2,
        committed: false,
      });
    }
    expect(decided).toBe(1);
    expect(await typesIn(id)).toHaveLength(3);
  });

  it('that creates an aggregate, handled twice, is no conflict', async () => {
    const id = newId();
    const first = await orders.create(id, (order) => order.payIn(5), { commandId: 'c' });
    const second = await elsewhere.create(id, (order) => order.payIn(5), { commandId: 'c' });
    expect(second).toMatchObject({
      version: first.version,
      position: first.position,
      committed: false,
      attempts: 0,
    });
    expect(await typesIn(id)).toHaveLength(1);
  });

  it.each(['update', 'create'] as const)(
    'handled by two processes at once (%s) is stored once, and both get its result',
    async (way) => {
      for (let round = 0; round < 20; round += 1) {
        const id = way === 'create' ? newId() : await newOrder();
        const results = await Promise.all(
          [orders, elsewhere].map(async (handler) =>
            handler[way](id, (order) => order.payIn(5), { commandId: 'c' }),
          ),
        );
        expect(results.filter(({ committed }) => committed)).toHaveLength(1);
        expect(new Set(results.map(({ position }) => position)).size).toBe(1);
      }
    },
  );

  it('handled elsewhere while it is decided is not stored again', async () => {
    const id = await newOrder();
    let decided = 0;
    const result = await orders.update(
      id,
      async (order) => {
        decided += 1;
        if (decided === 1) {
          await elsewhere.update(id, (other) => other.payIn(5), { commandId: 'c' });
          await elsewhere.update(id, (other) => other.payIn(1));
        }
        order.payIn(5);
      },
      { commandId: 'c' },
    );
    expect(result).toMatchObject({ version: 2, committed: false, attempts: 0 });
    expect((await orders.load(id)).balance).toBe(106);
  });
});

describe('an aggregate class', () => {
  it('without a category is refused by name', () => {
    class Nameless extends AggregateRoot {}
    expect(() => repository(store, Nameless)).toThrow(/Nameless/);
    class RushOrder extends Order {}
    expect(() => repository(store, RushOrder)).toThrow(/RushOrder/);
  });

  it('cannot have a category that no stream can have', () => {
    expect(() => EventSourced('$system')).toThrow(
      expect.objectContaining({ name: 'InvalidStreamNameError' }) as Error,
    );
    expect(() => EventSourced('a.b')).toThrow(
      expect.objectContaining({ name: 'InvalidStreamNameError' }) as Error,
    );
  });

  it('with autoCommit is refused, since nothing would be stored', async () => {
    @EventSourced('order')
    class Hasty extends Order {
      constructor(id: string) {
        super(id);
        this.autoCommit = true;
      }
    }
    const hasty = repository(store, Hasty);
    const id = newId();
    expect(await rejection(hasty.create(id, (order) => order.payIn(1)))).toMatchObject({
      name: 'InvalidOptionError',
      option: 'Hasty.autoCommit',
    });
    const order = new Hasty(id);
    order.payIn(1);
    expect(await rejection(hasty.save(order, { id }))).toMatchObject({ name: 'InvalidOptionError' });
  });

  it('need not be an AggregateRoot', async () => {
    @EventSourced('counter')
    class Counter {
      total = 0;
      #events: object[] = [];
      getUncommittedEvents(): readonly object[] {
        return this.#events;
      }
      uncommit(): void {
        this.#events = [];
      }
      loadFromHistory(history: object[]): void {
        for (const event of history) this.total += (event as BalancePaidIn).amount;
      }
      add(amount: number): void {
        this.#events.push(new BalancePaidIn(amount));
      }
    }
    const counters = repository(store, Counter);
    const id = newId();
    await counters.create(id, (counter) => counter.add(2));
    await counters.update(id, (counter) => counter.add(3));
    expect((await counters.load(id)).total).toBe(5);
  });

  it('may leave events without a handler', async () => {
    const id = newId();
    await store.append(streamName('order', id), [new OrderItemAdded('pen', 0), new BalancePaidIn(5)]);
    @EventSourced('order')
    class Blind extends AggregateRoot {
      balance = 0;
      onBalancePaidIn(event: BalancePaidIn): void {
        this.balance += event.amount;
      }
    }
    expect((await repository(store, Blind).load(id)).balance).toBe(5);
  });
});
