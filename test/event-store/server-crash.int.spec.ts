import { streamName } from '../../src/event/stream-name.js';
import type { JetStreamEventStore } from '../../src/event-store/jetstream-event-store.js';
import { sleep } from '../../src/kernel/sleep.js';
import type { NatsServer } from '../../src/testing/nats-server.js';
import { startNatsServer } from '../../src/testing/start-nats-server.js';
import { openStore, uniqueStoreName } from '../shared-server.js';
import { collect, until } from '../support/collect.js';
import { counted, Counted, ORDER_EVENTS, OrderPlaced } from '../support/order-events.js';

let server: NatsServer;

beforeAll(async () => {
  server = await startNatsServer({ ownProcess: true });
}, 60_000);

afterAll(async () => {
  await server.stop();
});

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, index) => from + index);
}

async function newStore(): Promise<JetStreamEventStore> {
  return openStore({ servers: server.url, name: uniqueStoreName(), events: ORDER_EVENTS });
}

async function crash(): Promise<void> {
  await server.kill('SIGKILL');
  await sleep(300);
  await server.restart();
}

describe('a server that is killed and started again', () => {
  it('during 16 concurrent appenders loses no acknowledged event and stores nothing twice, with gapless versions', async () => {
    const store = await newStore();
    const second = await openStore({ servers: server.url, name: store.name, events: ORDER_EVENTS });
    const streams = range(1, 8).map((n) => streamName('order', String(n)));
    const acknowledged: { n: number; order: string; version: number }[] = [];
    let next = 0;
    let stop = false;
    const appender = async (writer: JetStreamEventStore, index: number): Promise<void> => {
      const order = streams[index % streams.length]!;
      while (!stop) {
        const n = (next += 1);
        const options = index % 4 === 0 ? { commandId: `command-${n}` } : {};
        const { version, committed } = await writer.append(order, counted(n), options);
        expect(committed).toBe(true);
        acknowledged.push({ n, order: String(order), version });
      }
    };
    const appenders = range(0, 15).map(async (index) => appender(index % 2 === 0 ? store : second, index));
    for (let kill = 0; kill < 3; kill += 1) {
      const before = acknowledged.length;
      await until('appends', () => acknowledged.length > before + 200);
      await crash();
    }
    const before = acknowledged.length;
    await until('appends', () => acknowledged.length > before + 200);
    stop = true;
    await Promise.all(appenders);

    const stored = await collect(store.readAll());
    const counts = new Map<number, number>();
    for (const { data } of stored)
      counts.set((data as Counted).n, (counts.get((data as Counted).n) ?? 0) + 1);
    expect([...counts].filter(([, count]) => count > 1)).toEqual([]);
    expect(stored).toHaveLength(acknowledged.length);
    for (const order of streams) {
      const events = await collect(store.read(order));
      expect(events.map(({ version }) => Number(version))).toEqual(range(1, events.length));
      const told = acknowledged.filter((append) => append.order === String(order));
      const numbers = events.map(({ data }) => (data as Counted).n);
      expect(told.filter(({ n, version }) => numbers[version - 1] !== n)).toEqual([]);
    }
  }, 60_000);

  it('does not cause gaps or duplicates in readAll', async () => {
    const store = await newStore();
    // more than one pull returns
    const text = 'x'.repeat(20_000);
    for (const start of range(0, 14)) {
      await Promise.all(
        range(1, 100).map(async (n) =>
          store.append(streamName('order', String(n)), [new OrderPlaced(`${start * 100 + n} ${text}`)]),
        ),
      );
    }
    const whole = (await collect(store.readAll())).map(({ id }) => id);
    const seen: string[] = [];
    for await (const { id } of store.readAll()) {
      seen.push(id);
      if (seen.length === 10) await crash();
    }
    expect(seen).toHaveLength(1_500);
    expect(seen).toEqual(whole);
  }, 60_000);

  it('does not cause gaps or duplicates in follow', async () => {
    const store = await newStore();
    const controller = new AbortController();
    const seen: number[] = [];
    const recoveries: string[] = [];
    const following = (async (): Promise<void> => {
      const options = {
        signal: controller.signal,
        onRecovery: (reason: string) => void recoveries.push(reason),
      };
      for await (const { commits } of store.follow(options))
        seen.push(...commits.map(({ sequence }) => sequence));
    })();
    const appendSome = async (from: number): Promise<void> => {
      for (let n = from; n < from + 50; n += 1)
        await store.append(streamName('order', String(n % 3)), counted(n));
    };
    await appendSome(1);
    await until('the first', () => seen.length >= 50);
    const appending = appendSome(51);
    await crash();
    await appending;
    await until('those around the crash', () => seen.length >= 100, 8_000);
    await crash();
    await appendSome(101);
    await until('all', () => seen.length >= 150, 8_000);
    expect(seen).toEqual(range(1, 150));
    expect(recoveries.length).toBeGreaterThan(0);
    controller.abort();
    await following;
  }, 60_000);

  it('does not fail reads in progress', async () => {
    const store = await newStore();
    const order = streamName('order', '1');
    for (const n of range(1, 40)) await store.append(order, counted(n));
    let crashed = false;
    const reading = (async (): Promise<number[]> => {
      const lengths: number[] = [];
      do lengths.push((await collect(store.read(order))).length);
      while (!crashed);
      return lengths;
    })();
    await sleep(50);
    await crash();
    crashed = true;
    expect(new Set(await reading)).toEqual(new Set([40]));
  }, 60_000);

  it('that hangs for a while only delays calls', async () => {
    const store = await newStore();
    const order = streamName('order', '1');
    await store.append(order, counted(1));
    server.signal('SIGSTOP');
    const appending = Promise.all(range(2, 20).map(async (n) => store.append(order, counted(n))));
    await sleep(1_200);
    server.signal('SIGCONT');
    expect((await appending).every(({ committed }) => committed)).toBe(true);
    const stored = (await collect(store.read(order))).map(({ data }) => (data as Counted).n);
    expect(stored.toSorted((a, b) => a - b)).toEqual(range(1, 20));
  }, 60_000);
});
