import { repository, type Repository } from '../../src/aggregate/repository.js';
import { streamName } from '../../src/event/stream-name.js';
import type { JetStreamEventStore } from '../../src/event-store/jetstream-event-store.js';
import { WrongExpectedVersionError } from '../../src/event-store/append/append-errors.js';
import { sleep } from '../../src/kernel/sleep.js';
import { openStore, uniqueStoreName } from '../shared-server.js';
import { collect, rejection } from '../support/collect.js';
import { BalancePaidIn, Order, ORDER_EVENTS } from './order.js';

let store: JetStreamEventStore;
let orders: Repository<Order>;

beforeAll(async () => {
  store = await openStore({ name: uniqueStoreName(), events: ORDER_EVENTS });
  orders = repository(store, Order);
  // payments of 1, 2, 4, 8, 16: each sum tells which ones it holds; two commits of two events, a few
  // milliseconds apart
  for (const amounts of [[1, 2], [4], [8, 16]]) {
    await store.append(
      streamName('order', '1'),
      amounts.map((amount) => new BalancePaidIn(amount)),
    );
    await sleep(5);
  }
});

async function balance(at: Parameters<Repository<Order>['stateAt']>[1]): Promise<number | undefined> {
  return (await orders.stateAt('1', at))?.balance;
}

describe('stateAt', () => {
  it('a version folds exactly that many events, also inside a commit', async () => {
    for (const [version, expected] of [0, 1, 3, 7, 15, 31, 31, 31].entries())
      expect(await balance({ version })).toBe(expected);
    expect(await balance({ version: Number.MAX_SAFE_INTEGER })).toBe(31);
  });

  it('a time folds the events that were stored by then, to the millisecond', async () => {
    const events = await collect(store.read(streamName('order', '1')));
    for (const { time } of events) {
      const at = (time as Date).getTime();
      const sum = (until: number): number =>
        events
          .filter((event) => (event.time as Date).getTime() <= until)
          .reduce((total, { data }) => total + (data as BalancePaidIn).amount, 0);
      expect(await balance({ time: time as Date })).toBe(sum(at));
      expect(await balance({ time: new Date(at + 1) })).toBe(sum(at + 1));
      // before the first event there was no such aggregate
      expect((await balance({ time: new Date(at - 1) })) ?? 0).toBe(sum(at - 1));
    }
    expect(await balance({ time: new Date(Date.now() + 3_600_000) })).toBe(31);
  });

  it('is undefined for an aggregate that does not exist, or did not then', async () => {
    for (const at of [{ version: 0 }, { version: 5 }, { time: new Date() }])
      expect(await orders.stateAt('missing', at)).toBeUndefined();
    expect(await orders.stateAt('1', { time: new Date(0) })).toBeUndefined();
  });

  it('gives an aggregate that can be saved only if no event was stored since', async () => {
    const then = (await orders.stateAt('1', { version: 3 })) as Order;
    expect(then).toBeInstanceOf(Order);
    expect(then.getUncommittedEvents()).toEqual([]);
    then.payIn(100);
    expect(await rejection(orders.save(then))).toBeInstanceOf(WrongExpectedVersionError);
    expect(await balance({ version: 100 })).toBe(31);
  });

  it('folds a stream longer than one page', async () => {
    for (let n = 0; n < 15; n += 1)
      await store.append(
        streamName('order', 'long'),
        Array.from({ length: 100 }, () => new BalancePaidIn(1)),
      );
    expect((await orders.stateAt('long', { version: 1_234 }))?.balance).toBe(1_234);
  });

  it.each<[string, object]>([
    ['no state', {}],
    ['two states', { version: 1, time: new Date() }],
    ['a negative version', { version: -1 }],
    ['a fractional version', { version: 1.5 }],
    ['an absent version', { version: undefined }],
    ['an invalid date', { time: new Date('x') }],
    ['a time that is no date', { time: 5 }],
    ['a misspelt option', { versions: 1 }],
  ])('refuses %s', async (_, at) => {
    expect(await rejection(orders.stateAt('1', at as never))).toMatchObject({ name: 'InvalidOptionError' });
  });

  it('ends with the reason of its signal', async () => {
    const reason = new RangeError('enough');
    const signal = AbortSignal.abort(reason);
    for (const at of [{ version: 0 }, { version: 2 }, { time: new Date() }])
      expect(await rejection(orders.stateAt('1', { ...at, signal }))).toBe(reason);
  });
});
