import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { streamName } from '../../src/event/stream-name.js';
import type { EventStore } from '../../src/event-store/event-store.js';
import { inMemoryEventStore } from '../../src/testing/in-memory/in-memory-event-store.js';
import type { NatsServer } from '../../src/testing/nats-server.js';
import { startNatsServer } from '../../src/testing/start-nats-server.js';
import { openStore, sharedServerUrl } from '../shared-server.js';
import { rejection, until } from '../support/collect.js';
import { counted, ORDER_EVENTS } from '../support/order-events.js';

const order = streamName('order', '1');
const CLOSED = { name: 'ConnectionClosedError', code: 'connection-closed' };

describe.each<[string, () => Promise<EventStore>]>([
  ['on a server', async () => openStore({ events: ORDER_EVENTS })],
  ['in memory', async () => inMemoryEventStore({ events: ORDER_EVENTS })],
])('a store %s that is closed', (_, open) => {
  let store: EventStore;

  beforeEach(async () => {
    store = await open();
    for (let n = 0; n < 10; n += 1) await store.append(order, counted(n * 100 + 1, n * 100 + 100));
  });

  it('ends a subscription after the event at hand: what was delivered already is not handled', async () => {
    let handled = 0;
    let finish = (): void => undefined;
    const subscription = store.subscribe({
      onEvent: async () => {
        handled += 1;
        if (handled === 3) await new Promise<void>((resolve) => (finish = resolve));
      },
    });
    const closed = rejection(subscription.closed);
    await until('it is at work', () => handled === 3);
    await store.close();
    finish();
    expect(await closed).toMatchObject(CLOSED);
    expect(handled).toBe(3);
  });

  it('ends a subscription that waits, and leaves one alone that was stopped', async () => {
    const waiting = store.subscribe({ onEvent: () => undefined });
    const stopped = store.subscribe({ onEvent: () => undefined });
    await until('all is handled', () => waiting.caughtUp && stopped.caughtUp);
    await stopped.stop();
    await store.close();
    expect(await rejection(waiting.closed)).toMatchObject(CLOSED);
    await expect(stopped.closed).resolves.toBeUndefined();
  });

  it.each<[string, (store: EventStore) => AsyncIterator<unknown>]>([
    ['readAll', (of) => of.readAll()[Symbol.asyncIterator]()],
    ['follow', (of) => of.follow({ maxBatch: 1 })[Symbol.asyncIterator]()],
  ])('ends an iterator of %s that was left in the middle', async (_name, iterate) => {
    const iterator = iterate(store);
    await iterator.next();
    await store.close();
    const drain = async (): Promise<void> => {
      while ((await iterator.next()).done !== true);
    };
    expect(await rejection(drain())).toMatchObject(CLOSED);
  });

  it('ends a reader that waits for what is stored next', async () => {
    const iterator = store.follow({ from: { sequence: 11 } })[Symbol.asyncIterator]();
    await iterator.next();
    const next = rejection(iterator.next());
    await store.close();
    expect(await next).toMatchObject(CLOSED);
  });

  it('takes nothing any more', async () => {
    await store.close();
    await store.close();
    for (const attempt of [
      store.append(order, counted(1)),
      store.status(order),
      store.subscribe({ onEvent: () => undefined }).closed,
    ])
      expect(await rejection(attempt)).toMatchObject(CLOSED);
  });
});

describe('closing a store whose server', () => {
  let server: NatsServer;

  beforeEach(async () => {
    server = await startNatsServer({ ownProcess: true });
  });

  afterEach(async () => {
    if (server.pid !== undefined && process.kill(server.pid, 0)) process.kill(server.pid, 'SIGCONT');
    await server.stop();
  });

  it('is frozen ends within its deadline, and so does an append in flight', async () => {
    const store = await openStore({ servers: server.url, events: ORDER_EVENTS });
    await store.append(order, counted(1));
    process.kill(server.pid as number, 'SIGSTOP');
    const subscription = store.subscribe({ onEvent: () => undefined });
    const appending = rejection(store.append(order, counted(2)));
    const reading = rejection(store.status(order, { consistency: 'leader' }));
    const begun = performance.now();
    await store.close({ deadlineMs: 500 });
    expect(performance.now() - begun).toBeLessThan(3_000);
    expect(await appending).toMatchObject({ outcome: 'unknown' });
    expect(await reading).toMatchObject({ code: 'connection-closed' });
    expect(await rejection(subscription.closed)).toMatchObject(CLOSED);
    expect(performance.now() - begun).toBeLessThan(3_000);
  }, 60_000);
});

describe('a process', () => {
  it.each(['well', 'frozen'])(
    'with nothing left to do ends when its store is closed, however it left its readers, with a server that is %s',
    async (state) => {
      const server = state === 'well' ? undefined : await startNatsServer({ ownProcess: true });
      const child = spawn(
        process.execPath,
        [
          '--import',
          './test/support/register-typescript.mjs',
          './test/event-store/leave-readers.ts',
          server?.url ?? sharedServerUrl(),
          String(server?.pid ?? ''),
        ],
        { stdio: ['ignore', 'pipe', 'inherit'] },
      );
      let said = '';
      child.stdout.on('data', (bytes: Buffer) => (said += bytes.toString()));
      try {
        await until('the store is closed', () => said.includes('closed'), 30_000);
        const ended = await Promise.race([
          once(child, 'exit'),
          new Promise((resolve) => setTimeout(resolve, 5_000, 'it is still there')),
        ]);
        expect(ended).toEqual([0, null]);
      } finally {
        child.kill('SIGKILL');
        if (server?.pid !== undefined) process.kill(server.pid, 'SIGCONT');
        await server?.stop();
      }
    },
    60_000,
  );
});
