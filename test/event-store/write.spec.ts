import { setTimeout as sleep } from 'node:timers/promises';
import { jest } from '@jest/globals';
import { streamName } from '../../src/event/stream-name.js';
import type { AppendOptions } from '../../src/event-store/append/append-options.js';
import {
  type InMemoryEventStore,
  inMemoryEventStore,
} from '../../src/testing/in-memory/in-memory-event-store.js';
import { Deadline } from '../../src/kernel/deadline.js';
import { rejection } from '../support/collect.js';
import { type Counted, counted, ORDER_EVENTS } from '../support/order-events.js';

const order = streamName('order', '1');
const other = streamName('order', '2');

let store: InMemoryEventStore;
/** Another process on the same log. */
let elsewhere: InMemoryEventStore;

beforeEach(() => {
  store = inMemoryEventStore({ events: ORDER_EVENTS });
  elsewhere = store.another();
});

async function numbersOf(stream = order): Promise<number[]> {
  const found: number[] = [];
  for await (const { data } of elsewhere.read(stream)) found.push((data as Counted).n);
  return found;
}

describe.each(['conflict', 'duplicate'] as const)('an append whose answer is lost (%s)', (resend) => {
  it('is reported as stored by this call', async () => {
    store.log.faults.loseAnswer(resend);
    const result = await store.append(order, counted(1, 2), { expect: 'none' });
    expect(result).toMatchObject({ version: 2, position: '1.1', committed: true });
    expect(await numbersOf()).toEqual([1, 2]);
  });

  it('is found among the commits of others, and its successors fit', async () => {
    await store.append(order, counted(1));
    store.log.faults.loseAnswer(resend);
    expect(await store.append(order, counted(2), { expect: 1 })).toMatchObject({
      version: 2,
      committed: true,
    });
    await elsewhere.append(order, counted(3));
    expect(await store.append(order, counted(4))).toMatchObject({ version: 4 });
    expect(await numbersOf()).toEqual([1, 2, 3, 4]);
  });

  it('of a transaction is reported whole', async () => {
    await store.append(other, counted(0));
    store.log.faults.loseAnswer(resend);
    const result = await store.transact(
      [
        { stream: other, expect: 1 },
        { stream: order, expect: 'none', events: counted(1) },
        { stream: streamName('stock', 'pen'), events: counted(2) },
      ],
      resend === 'duplicate' ? { commandId: 'c' } : {},
    );
    expect(result.committed).toBe(true);
    expect(result.entries.map(({ version, committed }) => [Number(version), committed])).toEqual([
      [1, false],
      [1, true],
      [1, true],
    ]);
  });

  it('of a command is reported as stored by the call that stored it, and to the next caller as stored before', async () => {
    store.log.faults.loseAnswer(resend);
    const first = await store.append(order, counted(1), { commandId: 'c' });
    const again = await elsewhere.append(order, counted(9), { commandId: 'c', expect: 'none' });
    expect(first.committed).toBe(true);
    expect(again).toEqual({ ...first, committed: false });
    expect(await numbersOf()).toEqual([1]);
  });
});

describe('an append that is not acknowledged', () => {
  const options: AppendOptions = { deadlineMs: 200, commandId: 'c' };

  it('has an unknown outcome after silence, and its command id settles it', async () => {
    store.log.faults.fallSilent(true);
    expect(await rejection(store.append(order, counted(1), options))).toMatchObject({
      code: 'append-outcome-unknown',
      outcome: 'unknown',
      stream: 'order/1',
    });
    const again = await store.append(order, counted(1), { commandId: 'c' });
    expect(again).toMatchObject({ version: 1, committed: false });
    store.log.faults.fallSilent(false);
    expect(await rejection(store.append(order, counted(2), { deadlineMs: 20 }))).toMatchObject({
      outcome: 'unknown',
    });
    expect(await numbersOf()).toEqual([1]);
  });

  it('was not stored when nobody took it', async () => {
    store.log.faults.leaveUnserved();
    expect(await rejection(store.append(order, counted(1), { deadlineMs: 20 }))).toMatchObject({
      code: 'nats',
      outcome: 'not-applied',
    });
    const reason = new RangeError('enough');
    store.log.faults.leaveUnserved();
    const abort = new AbortController();
    const appended = rejection(store.append(order, counted(1), { signal: abort.signal }));
    abort.abort(reason);
    expect(await appended).toBe(reason);
    expect(await numbersOf()).toEqual([]);
  });

  it('was not stored when the server refused it, and may have been when it was sent before', async () => {
    store.log.faults.refuse('the disk is full');
    const refused = await rejection(store.append(order, counted(1)));
    expect(refused).toMatchObject({ code: 'nats', outcome: 'not-applied' });
    expect(String(refused)).toContain('the disk is full');
    store.log.faults.refuse('the disk is full', true);
    expect(await rejection(store.append(order, counted(1)))).toMatchObject({
      code: 'append-outcome-unknown',
      cause: { message: expect.stringContaining('the disk is full') as string },
    });
    store.log.faults.refuse('the disk is full');
    const both = [order, other].map((stream) => ({ stream, events: counted(1) }));
    expect(String(await rejection(store.transact(both)))).toContain('transaction');
  });

  it('is not stored again when its commit was removed since', async () => {
    await store.append(order, counted(1), { expect: 'none', commandId: 'c' });
    await store.log.delete(1, new Deadline(1_000));
    expect(
      await rejection(elsewhere.append(order, counted(1), { expect: 'none', commandId: 'c' })),
    ).toMatchObject({ code: 'commit-removed', outcome: 'not-applied' });
  });
});

describe('an append after other writers', () => {
  it('that fits any end goes after their commits', async () => {
    await store.append(order, counted(1));
    store.log.faults.beforeNextPublish(async () => void (await elsewhere.append(order, counted(2))));
    expect(await store.append(order, counted(3))).toMatchObject({ version: 3, committed: true });
    expect(await numbersOf()).toEqual([1, 2, 3]);
  });

  it('of an exact version is refused with the version that the leader has', async () => {
    await store.append(order, counted(1));
    store.log.faults.beforeNextPublish(async () => void (await elsewhere.append(order, counted(2, 3))));
    expect(await rejection(store.append(order, counted(4), { expect: 1 }))).toMatchObject({
      code: 'wrong-expected-version',
      expected: 1,
      actual: 3,
    });
  });

  it('of a transaction stores nothing, and lists every stream that has moved', async () => {
    await store.append(order, counted(1));
    store.log.faults.beforeNextPublish(async () => {
      await elsewhere.append(order, counted(2));
      await elsewhere.append(other, counted(2));
    });
    const entries = [
      { stream: order, expect: 1, events: counted(3) },
      { stream: streamName('stock', 'pen'), events: counted(3) },
      { stream: other, expect: 'none' as const },
    ];
    expect(await rejection(store.transact(entries))).toMatchObject({
      code: 'transaction-conflict',
      violations: [
        { index: 0, expected: 1, actual: 2 },
        { index: 2, expected: 'none', actual: 1 },
      ],
    });
    expect(await numbersOf(streamName('stock', 'pen'))).toEqual([]);
  });

  it('finds that one of them was the same command', async () => {
    await store.append(order, counted(1));
    const same = { commandId: 'c', expect: 1 } as const;
    store.log.faults.beforeNextPublish(async () => void (await elsewhere.append(order, counted(2), same)));
    expect(await store.append(order, counted(9), same)).toMatchObject({ version: 2, committed: false });
    expect(await numbersOf()).toEqual([1, 2]);
  });

  function letOthersBeFirst(meanwhile: () => void = () => undefined): void {
    store.log.faults.beforeNextPublish(async () => {
      await elsewhere.append(order, counted(1));
      meanwhile();
    });
  }

  it('gives up at its deadline when they are always first', async () => {
    const again = (): void => letOthersBeFirst(again);
    again();
    const error = await rejection(store.append(order, counted(2), { deadlineMs: 100 }));
    expect(error).toMatchObject({ code: 'nats', outcome: 'not-applied' });
    expect(String(error)).toContain('other writers were first');
  });

  it('says so when the deadline ends the read before the next try', async () => {
    const { log } = store;
    const lastAtLeader = log.lastAtLeader.bind(log);
    letOthersBeFirst(() => {
      jest.spyOn(log, 'lastAtLeader').mockImplementation(async (subject, deadline) => {
        await sleep(deadline?.leftMs);
        return lastAtLeader(subject, deadline);
      });
    });
    const error = await rejection(store.append(order, counted(2), { deadlineMs: 100 }));
    expect(error).toMatchObject({ code: 'nats', outcome: 'not-applied' });
    expect(String(error)).toContain('other writers were first');
  });

  it('ends with the reason of its signal between two tries', async () => {
    const controller = new AbortController();
    const reason = new Error('shutting down');
    // after two conflicts it waits for its turn
    letOthersBeFirst(() => letOthersBeFirst(() => setImmediate(() => controller.abort(reason))));
    const error = await rejection(store.append(order, counted(2), { signal: controller.signal }));
    expect(error).toBe(reason);
    expect(await numbersOf()).toEqual([1, 1]);
  });
});
