import type { CommitEvent, StoredCommit } from '../../src/event/commit.js';
import { AppendedPositions, trackAppends } from '../../src/event/append-tracking.js';
import type { StreamName } from '../../src/event/stream-name.js';
import { NotifyIncompleteError } from '../../src/event-store/notify/notify-errors.js';
import { verifyLog } from '../../src/event-store/verify/verify-log.js';
import { inMemoryEventStore } from '../../src/testing/in-memory/in-memory-event-store.js';
import { collect, rejection, until } from '../support/collect.js';
import { counted, type Counted, ORDER_EVENTS, OrderPlaced } from '../support/order-events.js';

const BUS = { categories: ['$bus'] };

function newStore() {
  return inMemoryEventStore({ events: ORDER_EVENTS });
}

async function numbersIn(store: ReturnType<typeof newStore>): Promise<number[]> {
  return (await collect(store.readAll(BUS))).map(({ data }) => (data as Counted).n);
}

describe('notifications through faults of the log', () => {
  it('are stored once where an answer is lost', async () => {
    const store = newStore();
    store.log.faults.loseAnswer('duplicate');
    expect(await store.notify(counted(1))).toEqual({ positions: ['1.0'] });
    expect(await numbersIn(store)).toEqual([1]);
  });

  it.each([true, false])(
    'are stored once where the connection was renewed (stored before: %s)',
    async (stored) => {
      const store = newStore();
      store.log.faults.interrupt(stored, () => store.log.reconnect());
      expect(await store.notify(counted(1))).toEqual({ positions: ['1.0'] });
      expect(await numbersIn(store)).toEqual([1]);
    },
  );

  it('that were not all stored are told apart by the error', async () => {
    const store = newStore();
    const { faults } = store.log;
    faults.refuse('no space left');
    faults.fallSilent(true);
    faults.fallSilent(false);
    const error = await rejection(store.notify(counted(1, 4), { deadlineMs: 50, commandId: 'c' }));
    expect(error).toBeInstanceOf(NotifyIncompleteError);
    expect(error).toMatchObject({
      outcome: 'unknown',
      notStored: [0],
      unknown: [1, 2],
      stored: [{ index: 3 }],
    });
    expect((error as Error).message).toContain('1 of 4 notifications are stored, 2 may be, 1 are not');
    expect((error as Error).message).toContain('the server refused it: no space left');
    expect((await store.notify(counted(1, 4), { commandId: 'c' })).positions).toHaveLength(4);
    expect((await numbersIn(store)).toSorted((a, b) => a - b)).toEqual([1, 2, 3, 4]);
  });

  it('of which none was stored are rejected with the reason itself', async () => {
    const store = newStore();
    store.log.faults.refuse('no space left');
    expect(await rejection(store.notify(counted(1)))).toMatchObject({
      name: 'NatsError',
      outcome: 'not-applied',
      message: 'notify: the server refused it: no space left',
    });
    store.log.faults.leaveUnserved();
    expect(await rejection(store.notify(counted(1), { deadlineMs: 20 }))).toMatchObject({
      name: 'NatsError',
      outcome: 'not-applied',
      message: expect.stringContaining('nothing was stored; no server took it within 20 ms') as string,
    });
    expect(await numbersIn(store)).toEqual([]);
  });

  it('are of unknown outcome when the caller gives up after they were sent', async () => {
    const store = newStore();
    const reader = store.another();
    store.log.faults.fallSilent(true);
    const giving = new AbortController();
    const notifying = rejection(store.notify(counted(1), { signal: giving.signal }));
    await until('it was sent', async () => (await reader.lastSequence()) === 1);
    giving.abort(new Error('enough'));
    expect(await notifying).toMatchObject({ unknown: [0], stored: [], cause: new Error('enough') });
  });

  it('are waited for by a close', async () => {
    const store = newStore();
    const reader = store.another();
    let release = (): void => undefined;
    store.log.faults.beforeNextPublish(async () => new Promise<void>((resolve) => (release = resolve)));
    const notifying = store.notify(counted(1));
    const closing = store.close();
    setImmediate(() => release());
    expect(await notifying).toEqual({ positions: ['1.0'] });
    await closing;
    expect(await collect(reader.readAll(BUS))).toHaveLength(1);
    expect(await rejection(store.notify(counted(2)))).toMatchObject({ name: 'ConnectionClosedError' });
  });
});

describe('a notification', () => {
  it('counts for what a request has appended', async () => {
    const store = newStore();
    const appended = new AppendedPositions();
    const { positions } = await trackAppends(appended, async () => store.notify(counted(1, 2)));
    expect(appended.in(store.identity)).toBe(positions[1]);
  });

  it('passes through the cipher of the store, with the name that its type has as a stream', async () => {
    const sealed: string[] = [];
    const cipher = {
      seal: async (stream: StreamName, events: readonly CommitEvent[]) => {
        sealed.push(stream.toString());
        return events.map((event) => ({ ...event, data: { secret: JSON.stringify(event.data) } }));
      },
      open: async (commits: readonly StoredCommit[]) =>
        commits.map((commit) => ({
          ...commit,
          events: commit.events.map((event) => ({
            ...event,
            data: JSON.parse((event.data as { secret: string }).secret) as object,
          })),
        })),
    };
    const store = inMemoryEventStore({ events: ORDER_EVENTS, cipher });
    await store.notify([new OrderPlaced('ada')]);
    expect(sealed).toEqual(['$bus/OrderPlaced']);
    expect((await collect(store.readAll(BUS))).map(({ data }) => data)).toEqual([new OrderPlaced('ada')]);
    const [raw] = await collect(store.another({ events: ORDER_EVENTS }).readAll(BUS));
    expect(raw?.data).toHaveProperty('secret');
  });

  it('that is stored again after the duplicate window is no fault of the store', async () => {
    const store = newStore();
    await store.append('order/1', counted(1));
    await store.notify(counted(1, 2), { commandId: 'c' });
    store.log.forgetMessageIds();
    await store.notify(counted(1, 2), { commandId: 'c' });
    const faults: unknown[] = [];
    const found = await verifyLog(store.log, { store: store.name, onFault: (fault) => faults.push(fault) });
    expect(faults).toEqual([]);
    expect(found).toEqual({ commits: 5, streams: 1, checks: 0, faults: 0 });
  });
});
