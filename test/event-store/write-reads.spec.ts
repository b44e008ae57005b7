import { jest } from '@jest/globals';
import { streamName } from '../../src/event/stream-name.js';
import { Deadline } from '../../src/kernel/deadline.js';
import {
  type InMemoryEventStore,
  inMemoryEventStore,
} from '../../src/testing/in-memory/in-memory-event-store.js';
import { collect, rejection, until } from '../support/collect.js';
import { Counted, counted, ORDER_EVENTS, OrderPlaced } from '../support/order-events.js';

const order = streamName('order', '1');
const other = streamName('order', '2');

let store: InMemoryEventStore;
/** Another process on the same log. */
let elsewhere: InMemoryEventStore;

beforeEach(() => {
  store = inMemoryEventStore({ events: ORDER_EVENTS });
  elsewhere = store.another();
});

describe('an append', () => {
  it('after one of its own is one publish and no read', async () => {
    await store.append(order, counted(1));
    const reads = jest.spyOn(store.log, 'lastAtLeader');
    const publishes = jest.spyOn(store.log, 'publish');
    await store.append(order, counted(2));
    await store.append(order, counted(3), { expect: 2 });
    await store.append(order, counted(4), { expect: 'exists' });
    expect(reads).not.toHaveBeenCalled();
    expect(publishes).toHaveBeenCalledTimes(3);
  });

  it('to a new stream is one publish and no read', async () => {
    const reads = jest.spyOn(store.log, 'lastAtLeader');
    await store.append(order, counted(1), { expect: 'none', commandId: 'c' });
    expect(reads).not.toHaveBeenCalled();
  });

  it('waits for those of this process on the same stream: they do not conflict with each other', async () => {
    const publishes = jest.spyOn(store.log, 'publish');
    await Promise.all([1, 2, 3, 4, 5].map(async (n) => store.append(order, counted(n))));
    expect(publishes).toHaveBeenCalledTimes(5);
  });

  it('keeps the newest end that it knows, also when a replica lags', async () => {
    await store.append(order, counted(1));
    await store.append(order, counted(2));
    store.log.faults.lag(1);
    expect(await store.status(order)).toMatchObject({ version: 1 });
    const publishes = jest.spyOn(store.log, 'publish');
    await store.append(order, counted(3));
    expect(publishes).toHaveBeenCalledTimes(1);
  });

  it('asks the leader before it refuses an expectation that the known end does not meet', async () => {
    await store.append(order, counted(1));
    await elsewhere.append(order, counted(2));
    expect(await store.append(order, counted(3), { expect: 2 })).toMatchObject({ version: 3 });
  });

  it('finds its command when the stream has moved since it was looked through', async () => {
    await store.append(order, counted(1));
    await elsewhere.append(order, counted(2), { commandId: 'c' });
    await store.status(order);
    const options = { expect: 1, lookedUpTo: 1, commandId: 'c' };
    expect(await store.append(order, counted(9), options)).toMatchObject({ version: 2, committed: false });
  });

  it('finds its command after the log has forgotten the message id', async () => {
    await store.append(order, counted(1), { commandId: 'c' });
    await store.append(order, counted(2));
    store.log.forgetMessageIds();
    expect(await elsewhere.append(order, counted(9), { commandId: 'c' })).toMatchObject({
      version: 1,
      committed: false,
    });
    const both = [order, other].map((stream) => ({ stream, events: counted(9) }));
    await store.transact(both, { commandId: 'd' });
    store.log.forgetMessageIds();
    expect(await elsewhere.transact(both, { commandId: 'd' })).toMatchObject({ committed: false });
    expect(await store.status(order)).toMatchObject({ version: 3 });
  });
});

describe('the check of a transaction', () => {
  const checkSubjects = async (): Promise<readonly string[]> =>
    (await store.log.subjectNames('in-memory.*.$check.*', 0, new Deadline(1_000))).subjects;

  it.each([false, true])('is removed when the transaction is stored (answer lost: %s)', async (isLost) => {
    await store.append(other, counted(1));
    const deleted = jest.spyOn(store.log, 'delete');
    if (isLost) store.log.faults.loseAnswer();
    await store.transact([
      { stream: other, expect: 1 },
      { stream: order, events: counted(1) },
    ]);
    await until('the check is removed', async () => (await checkSubjects()).length === 0);
    expect(deleted).toHaveBeenCalledTimes(1);
    expect((await collect(store.readAll())).map(({ data }) => (data as Counted).n)).toEqual([1, 1]);
  });

  it('is no commit to those who ask for its sequence', async () => {
    const message = { subject: 'in-memory.0.$check.x', payload: new Uint8Array(), headers: {} };
    await store.log.publish(message, new Deadline(1_000), store.log.epoch);
    expect(await store.commitAt(1)).toBeUndefined();
  });
});

describe('a commit that just fits', () => {
  it('is too large as part of a transaction, whose messages have more headers', async () => {
    const text = 'x'.repeat(2_000);
    const sizes = await rejection(
      inMemoryEventStore({ events: ORDER_EVENTS, maxPayload: 100 }).append(order, [new OrderPlaced(text)]),
    );
    const maxPayload = (sizes as { size: number }).size;
    const small = inMemoryEventStore({ events: ORDER_EVENTS, maxPayload });
    expect(await small.append(order, [new OrderPlaced(text)])).toMatchObject({ version: 1 });
    const both = [
      { stream: other, events: [new OrderPlaced(text)] },
      { stream: streamName('order', '3'), events: counted(1) },
    ];
    expect(await rejection(small.transact(both))).toMatchObject({ code: 'payload-too-large' });
  });
});

describe('a command that was handled before', () => {
  it('reports the version of a stream that it only checks, whatever was expected of it', async () => {
    await store.append(order, counted(1), { commandId: 'c' });
    await store.append(other, counted(1));
    const entries = [
      { stream: order, events: counted(9) },
      { stream: other, expect: 'none' as const },
    ];
    const { entries: results } = await elsewhere.transact(entries, { commandId: 'c' });
    expect(results.map(({ version, committed }) => [Number(version), committed])).toEqual([
      [1, false],
      [1, false],
    ]);
  });
});
