import { streamName, type StreamName } from '../../src/event/stream-name.js';
import type { AppendOptions } from '../../src/event-store/append/append-options.js';
import { sleep } from '../../src/kernel/sleep.js';
import type { JetStreamEventStore } from '../../src/event-store/jetstream-event-store.js';
import { startNatsServer } from '../../src/testing/start-nats-server.js';
import type { NatsServer } from '../../src/testing/nats-server.js';
import { openStore, sharedServerUrl, uniqueStoreName } from '../shared-server.js';
import { collect, rejection, until } from '../support/collect.js';
import { counted, type Counted, ORDER_EVENTS } from '../support/order-events.js';
import { RawNats } from '../support/raw-nats.js';
import { TcpProxy } from '../support/tcp-proxy.js';

const name = uniqueStoreName();
let proxy: TcpProxy;
/** Connected through the proxy. */
let store: JetStreamEventStore;
/** Connected directly. */
let elsewhere: JetStreamEventStore;
let raw: RawNats;
let lastId = 0;

beforeAll(async () => {
  elsewhere = await openStore({ name, events: ORDER_EVENTS });
  raw = await RawNats.open();
});

beforeEach(async () => {
  proxy = await TcpProxy.to(Number(new URL(sharedServerUrl()).port));
  store = await openStore({ servers: proxy.url, name, events: ORDER_EVENTS });
});

afterEach(async () => {
  proxy.cut();
  await store.close();
  await proxy[Symbol.asyncDispose]();
});

afterAll(async () => {
  await raw.nc.close();
});

function newStream(): StreamName {
  return streamName('order', `id-${++lastId}`);
}

async function numbersIn(order: StreamName): Promise<number[]> {
  return (await collect(elsewhere.read(order, { consistency: 'leader' }))).map(
    ({ data }) => (data as Counted).n,
  );
}

async function stored(count: number): Promise<void> {
  await until('stored', async () => (await raw.messageCount(name)) >= count);
}

describe('an append whose acknowledgement is lost', () => {
  it.each<[string, AppendOptions]>([
    ['expecting a version', { expect: 1 }],
    ['expecting anything', {}],
    ['expecting "exists"', { expect: 'exists' }],
    ['of a command', { commandId: 'c' }],
    ['of a command expecting a version', { commandId: 'c', expect: 1 }],
  ])('%s is reported as success and stored once', async (_, options) => {
    const order = newStream();
    await store.append(order, counted(1));
    const count = await raw.messageCount(name);
    proxy.deafen();
    const appending = store.append(order, counted(2, 3), { lookedUpTo: 1, ...options });
    // a command id is looked up first, so the lookup is the request without an answer
    const isLookedUp = options.commandId !== undefined && options.expect !== 1;
    await (isLookedUp ? sleep(100) : stored(count + 1));
    proxy.cut();
    expect(await appending).toMatchObject({ version: 3, committed: true, stream: order });
    expect(await numbersIn(order)).toEqual([1, 2, 3]);
  });

  it('is distinguished from a conflict with another writer', async () => {
    const order = newStream();
    await store.append(order, counted(1));
    const count = await raw.messageCount(name);
    proxy.deafen();
    const appending = store.append(order, counted(2), { expect: 1 });
    await stored(count + 1);
    await elsewhere.append(order, counted(3, 9));
    proxy.cut();
    expect(await appending).toMatchObject({ version: 2, committed: true });
    expect(await numbersIn(order)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  it('is a conflict when its first send was lost and another writer appended', async () => {
    const order = newStream();
    await store.append(order, counted(1));
    await elsewhere.append(order, counted(2));
    proxy.deafen();
    const appending = rejection(store.append(order, counted(3), { expect: 1 }));
    // long enough for a resend, so that the conflict may come from the store's own first send
    await sleep(400);
    proxy.cut();
    expect(await appending).toMatchObject({ name: 'WrongExpectedVersionError', expected: 1, actual: 2 });
    expect(await numbersIn(order)).toEqual([1, 2]);
  });

  it('of many at once: all succeed, each is stored once, and versions are gapless', async () => {
    const order = newStream();
    const others = Array.from({ length: 20 }, newStream);
    await Promise.all([order, ...others].map(async (name_) => store.append(name_, counted(0))));
    proxy.deafen();
    const appending = [
      ...others.map(async (other) => store.append(other, counted(1), { expect: 1 })),
      ...Array.from({ length: 20 }, async (_, n) => store.append(order, counted(n + 1))),
    ];
    await sleep(300);
    proxy.cut();
    const results = await Promise.all(appending);
    expect(results.every(({ committed }) => committed)).toBe(true);
    expect((await numbersIn(order)).toSorted((a, b) => a - b)).toEqual(
      Array.from({ length: 21 }, (_, n) => n),
    );
    for (const other of others) expect(await numbersIn(other)).toEqual([0, 1]);
  });

  it('permanently has an unknown outcome at the deadline, and a later repeat with its command id returns its result', async () => {
    const order = newStream();
    const count = await raw.messageCount(name);
    proxy.deafen();
    const started = performance.now();
    const error = await rejection(
      store.append(order, counted(1), { expect: 'none', commandId: 'c', deadlineMs: 600 }),
    );
    expect(performance.now() - started).toBeLessThan(1_500);
    expect(error).toMatchObject({
      name: 'AppendOutcomeUnknownError',
      outcome: 'unknown',
      stream: String(order),
    });
    await stored(count + 1);
    proxy.cut();
    const repeated = await store.append(order, counted(1), { expect: 'none', commandId: 'c' });
    expect(repeated).toMatchObject({ version: 1, committed: false });
    expect(repeated.events[0]?.id).toBe(`${(error as { commitId: string }).commitId}/0`);
    expect(await numbersIn(order)).toEqual([1]);
  });
});

describe('a connection that is lost', () => {
  it('during a handshake is established again within seconds', async () => {
    const order = newStream();
    await store.append(order, counted(1));
    const started = performance.now();
    proxy.cutTwice();
    expect(await store.append(order, counted(2))).toMatchObject({ version: 2, committed: true });
    // the NATS client (3.4.0) alone would continue after 20 seconds
    expect(performance.now() - started).toBeLessThan(6_000);
    expect(await numbersIn(order)).toEqual([1, 2]);
  });
});

describe('an append that is aborted by its signal', () => {
  const reason = new RangeError('enough');

  it('before anything is sent rejects with its reason, and stores nothing', async () => {
    const order = newStream();
    for (const options of [{ expect: 'none' as const }, {}, { expect: 3 }, { commandId: 'c' }]) {
      const error = await rejection(
        store.append(order, counted(1), { ...options, signal: AbortSignal.abort(reason) }),
      );
      expect(error).toBe(reason);
    }
    expect(await numbersIn(order)).toEqual([]);
  });

  it('after it was sent fails at once with an unknown outcome', async () => {
    const order = newStream();
    proxy.deafen();
    const controller = new AbortController();
    const appending = rejection(
      store.append(order, counted(1), { expect: 'none', signal: controller.signal }),
    );
    await sleep(50);
    const started = performance.now();
    controller.abort(reason);
    expect(await appending).toMatchObject({
      name: 'AppendOutcomeUnknownError',
      outcome: 'unknown',
      cause: reason,
    });
    expect(performance.now() - started).toBeLessThan(200);
  });

  it('while an earlier append to the stream hangs does not wait for it', async () => {
    const order = newStream();
    await store.append(order, counted(1));
    proxy.deafen();
    const head = store.append(order, counted(2)).catch((error: unknown) => error);
    const controller = new AbortController();
    const waiting = rejection(store.append(order, counted(3), { signal: controller.signal }));
    const hasty = rejection(store.append(order, counted(4), { deadlineMs: 300 }));
    const started = performance.now();
    controller.abort(reason);
    expect(await waiting).toBe(reason);
    expect(await hasty).toMatchObject({ name: 'NatsError', outcome: 'not-applied' });
    expect(performance.now() - started).toBeLessThan(1_000);
    proxy.cut();
    await head;
    // appends that gave up in the queue are not sent later
    await store.append(order, counted(5));
    expect(await numbersIn(order)).toEqual([1, 2, 5]);
  });
});

describe('a server that is stopped', () => {
  let server: NatsServer;
  let lonely: JetStreamEventStore;

  beforeAll(async () => {
    server = await startNatsServer({ ownProcess: true });
    lonely = await openStore({ servers: server.url, name: 'lonely', events: ORDER_EVENTS });
    await lonely.append(streamName('order', '1'), counted(1));
    await server.kill();
    // the client must have noticed, or the first send counts as sent
    await until('noticed', async () => {
      const error = await rejection(lonely.append(streamName('order', '1'), counted(2), { deadlineMs: 50 }));
      return (error as { outcome: string }).outcome === 'not-applied';
    });
  }, 60_000);

  afterAll(async () => {
    await lonely.close();
    await server.stop();
  });

  it.each([
    ['expecting anything', {}],
    ['expecting a version', { expect: 1 }],
    ['expecting a new stream', { expect: 'none' as const }],
    ['of a command', { commandId: 'c' }],
    ['expecting a version that is not known', { expect: 7 }],
  ])('makes an append %s fail within its deadline, as not applied', async (_, options) => {
    const started = performance.now();
    const error = await rejection(
      lonely.append(streamName('order', '1'), counted(2), { deadlineMs: 400, ...options }),
    );
    expect(error).toMatchObject({ name: 'NatsError', outcome: 'not-applied' });
    expect(performance.now() - started).toBeGreaterThan(380);
    expect(performance.now() - started).toBeLessThan(1_000);
  });

  it('lets the signal end reads at once', async () => {
    const reason = new RangeError('enough');
    const signal = (): AbortSignal => {
      const controller = new AbortController();
      setTimeout(() => controller.abort(reason), 100);
      return controller.signal;
    };
    const started = performance.now();
    for (const reading of [
      collect(lonely.read(streamName('order', '1'), { signal: signal() })),
      lonely.status(streamName('order', '1'), { signal: signal() }),
      lonely.readCommits(streamName('order', '1'), { signal: signal() }),
      collect(lonely.readAll({ signal: signal() })),
    ]) {
      expect(await rejection(reading)).toBe(reason);
    }
    expect(await collect(lonely.follow({ signal: signal() }))).toEqual([]);
    expect(performance.now() - started).toBeLessThan(1_500);
  });
});
