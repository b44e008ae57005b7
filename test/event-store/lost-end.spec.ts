import { streamName } from '../../src/event/stream-name.js';
import {
  type InMemoryEventStore,
  inMemoryEventStore,
} from '../../src/testing/in-memory/in-memory-event-store.js';
import { Deadline } from '../../src/kernel/deadline.js';
import { collect, rejection, until } from '../support/collect.js';
import { type Counted, counted, ORDER_EVENTS } from '../support/order-events.js';

const order = streamName('order', '1');
const other = streamName('order', '2');

/** The client under test, which has seen what the log loses. */
let store: InMemoryEventStore;
/** Another client, which is first after the loss. */
let elsewhere: InMemoryEventStore;

/** The log loses the last commit, and another client stores another one under its sequence. */
async function swapLast(first: number, last = first): Promise<void> {
  const end = await elsewhere.lastSequence();
  elsewhere.log.loseEnd(end - 1);
  elsewhere.log.reconnect();
  await elsewhere.append(order, counted(first, last));
}

async function numbersOf(stream = order): Promise<number[]> {
  const events = await collect(elsewhere.read(stream));
  return events.map(({ data }) => (data as Counted).n);
}

beforeEach(async () => {
  store = inMemoryEventStore({ events: ORDER_EVENTS });
  elsewhere = store.another();
  await store.append(order, counted(1));
  await store.append(order, counted(2, 4));
});

const SIGNS: [string, () => void][] = [
  ['the connection is renewed', () => store.log.reconnect()],
  ['the log was silent', () => store.log.beQuiet()],
];

describe.each(SIGNS)('after the log has lost its end, and %s', (_, sign) => {
  it('an append that fits any version follows the commits that are there', async () => {
    await swapLast(20);
    sign();
    expect(await store.append(order, counted(5))).toMatchObject({ version: 3, committed: true });
    expect(await numbersOf()).toEqual([1, 20, 5]);
  });

  it('an append at the exact version of before is refused, also where another commit has that version', async () => {
    await swapLast(20, 22);
    sign();
    const error = await rejection(store.append(order, counted(5), { expect: 4 }));
    expect(error).toMatchObject({ code: 'wrong-expected-version', expected: 4, actual: 4 });
    expect(await numbersOf()).toEqual([1, 20, 21, 22]);
  });

  it('a caller that has read the commits that are there appends at their version', async () => {
    await swapLast(20, 22);
    sign();
    await collect(store.read(order));
    expect(await store.append(order, counted(5), { expect: 4 })).toMatchObject({ version: 5 });
  });

  it('a transaction with the versions of before is refused, also where it only checks', async () => {
    await swapLast(20, 22);
    sign();
    const check = [
      { stream: order, expect: 4 },
      { stream: other, events: counted(9) },
    ];
    expect(await rejection(store.transact(check))).toMatchObject({
      code: 'transaction-conflict',
      violations: [{ index: 0, expected: 4, actual: 4 }],
    });
    expect(await numbersOf(other)).toEqual([]);
  });
});

describe('an append that waits while the log loses its end', () => {
  function whileItWaits(first: number, last = first): void {
    store.log.faults.beforeNextPublish(async () => {
      await swapLast(first, last);
      store.log.reconnect();
    });
  }

  it('is planned again', async () => {
    whileItWaits(20);
    expect(await store.append(order, counted(5))).toMatchObject({ version: 3 });
    expect(await numbersOf()).toEqual([1, 20, 5]);
  });

  it('at an exact version is refused', async () => {
    whileItWaits(20, 22);
    const error = await rejection(store.append(order, counted(5), { expect: 4 }));
    expect(error).toMatchObject({ code: 'wrong-expected-version', expected: 4, actual: 4 });
    expect(await numbersOf()).toEqual([1, 20, 21, 22]);
  });

  it('in a transaction is planned again', async () => {
    whileItWaits(20);
    const entries = [
      { stream: order, events: counted(5) },
      { stream: other, events: counted(6) },
    ];
    expect(await store.transact(entries)).toMatchObject({ committed: true, entries: [{ version: 3 }, {}] });
    expect(await numbersOf()).toEqual([1, 20, 5]);
  });
});

describe('an append without an answer when the connection breaks', () => {
  it('is reported as stored by this call where the log has it', async () => {
    store.log.faults.interrupt(true, () => store.log.reconnect());
    expect(await store.append(order, counted(5))).toMatchObject({ version: 5, committed: true });
    expect(await numbersOf()).toEqual([1, 2, 3, 4, 5]);
  });

  it('is stored once where the log does not have it', async () => {
    store.log.faults.interrupt(false, () => store.log.reconnect());
    expect(await store.append(order, counted(5), { expect: 4 })).toMatchObject({
      version: 5,
      committed: true,
    });
    expect(await numbersOf()).toEqual([1, 2, 3, 4, 5]);
  });

  it('is not sent again where the log has lost what it was made after', async () => {
    store.log.faults.interrupt(true, async () => {
      store.log.loseEnd(1);
      await elsewhere.append(order, counted(20));
      store.log.reconnect();
    });
    expect(await store.append(order, counted(5))).toMatchObject({ version: 3, committed: true });
    expect(await numbersOf()).toEqual([1, 20, 5]);
  });
});

describe('a log that gives a sequence again', () => {
  it('is noticed by the answer to an append, and no end of before is used then', async () => {
    await store.append(other, counted(1));
    elsewhere.log.loseEnd(1);
    elsewhere.log.reconnect();
    await elsewhere.append(order, counted(20));
    // under a sequence that was seen before: nothing says so until it is stored
    await store.append(streamName('order', '3'), counted(1));
    expect(await store.append(order, counted(5))).toMatchObject({ version: 3 });
    expect(await numbersOf()).toEqual([1, 20, 5]);
  });

  it('is noticed when its end is asked for', async () => {
    let losses = 0;
    store.onPossibleLoss(() => (losses += 1));
    store.log.loseEnd(1);
    await store.lastSequence();
    expect(losses).toBe(1);
  });
});

describe('a subscription on a log that has lost its end', () => {
  it('ends also where a removed message stands at its position, when an earlier commit is another one', async () => {
    const subscription = store.subscribe({ onEvent: () => undefined });
    await until('all handled', () => subscription.caughtUp && subscription.position === '2.2');
    store.log.loseEnd(0);
    await elsewhere.append(order, counted(10));
    await elsewhere.append(order, counted(20));
    await store.log.delete(2, deadline());
    store.log.reconnect();
    expect(await rejection(subscription.closed)).toMatchObject({ code: 'store-not-found' });
  });

  it('ends where the check of a transaction took the position of what it has handled last', async () => {
    const subscription = store.subscribe({ onEvent: () => undefined });
    await until('all handled', () => subscription.caughtUp && subscription.position === '2.2');
    store.log.loseEnd(1);
    await elsewhere.transact([
      { stream: order, expect: 1 },
      { stream: other, events: counted(30) },
    ]);
    store.log.reconnect();
    expect(await rejection(subscription.closed)).toMatchObject({ code: 'store-not-found' });
  });

  it('goes on where the commit at its position was removed', async () => {
    const seen: number[] = [];
    const subscription = store.subscribe({ onEvent: ({ data }) => void seen.push((data as Counted).n) });
    await until('all handled', () => subscription.position === '2.2');
    await store.log.delete(2, deadline());
    store.log.reconnect();
    await elsewhere.append(other, counted(5));
    await until('the next one', () => seen.includes(5));
    expect(seen).toEqual([1, 2, 3, 4, 5]);
    await subscription.stop();
  });

  it('ends when nothing was handled, and the log does not reach its start any more', async () => {
    const subscription = store.subscribe({ from: { sequence: 3 }, onEvent: () => undefined });
    await until('caught up', () => subscription.caughtUp);
    store.log.loseEnd(1);
    store.log.reconnect();
    expect(await rejection(subscription.closed)).toMatchObject({ code: 'start-not-in-log' });
  });

  it('says which event it has handled, to begin after it the next time', async () => {
    const subscription = store.subscribe({ onEvent: () => undefined });
    await until('all handled', () => subscription.position === '2.2');
    const { position, eventId } = subscription;
    await subscription.stop();
    await swapLast(20, 22);
    const from = { after: position as NonNullable<typeof position>, eventId };
    const again = store.subscribe({ from, onEvent: () => undefined });
    expect(await rejection(again.closed)).toMatchObject({ code: 'start-not-in-log' });
  });
});

function deadline(): Deadline {
  return new Deadline(1_000);
}
