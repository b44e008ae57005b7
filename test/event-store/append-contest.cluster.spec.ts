import { streamName, type StreamName } from '../../src/event/stream-name.js';
import { subjectOf } from '../../src/event/subject.js';
import type { JetStreamEventStore } from '../../src/event-store/jetstream-event-store.js';
import { WrongExpectedVersionError } from '../../src/event-store/append/append-errors.js';
import type { NatsCluster } from '../../src/testing/nats-cluster.js';
import { startNatsCluster } from '../../src/testing/start-nats-cluster.js';
import { openStore, uniqueStoreName } from '../shared-server.js';
import { collect, until } from '../support/collect.js';
import { counted, type Counted, ORDER_EVENTS } from '../support/order-events.js';
import { RawNats } from '../support/raw-nats.js';

const name = uniqueStoreName();
let cluster: NatsCluster;
/** One connection to each node. */
let stores: JetStreamEventStore[];
let raw: RawNats;
let lastId = 0;

beforeAll(async () => {
  cluster = await startNatsCluster();
  stores = [];
  for (const url of cluster.urls) stores.push(await storeAt(url));
  raw = await RawNats.open(cluster.urls[0]);
}, 180_000);

afterAll(async () => {
  await raw?.nc.close();
  await Promise.all((stores ?? []).map(async (store) => store.close()));
  await cluster?.stop();
}, 60_000);

/** The store, connected to one node only. */
async function storeAt(url: string): Promise<JetStreamEventStore> {
  return openStore({ servers: url, name, events: ORDER_EVENTS, replicas: 3, ignoreClusterUpdates: true });
}

function newStream(): StreamName {
  return streamName('order', `id-${++lastId}`);
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, index) => from + index);
}

/** The guards of the stored commits of a stream, and their sequences. */
async function guardsOf(order: StreamName): Promise<{ guards: number[]; sequences: number[] }> {
  const guards: number[] = [];
  const sequences: number[] = [];
  for (let seq = 1; ; seq = sequences.at(-1)! + 1) {
    const { message } = await raw.api<{ message?: { seq: number; hdrs: string } }>(`STREAM.MSG.GET.${name}`, {
      seq,
      next_by_subj: subjectOf(name, order),
    });
    if (message === undefined) return { guards, sequences };
    const headers = Buffer.from(message.hdrs, 'base64').toString();
    guards.push(Number(/Nats-Expected-Last-Subject-Sequence: (\d+)/.exec(headers)?.[1]));
    sequences.push(message.seq);
  }
}

async function expectSoundGuards(order: StreamName): Promise<void> {
  const { guards, sequences } = await guardsOf(order);
  expect(guards).toEqual([0, ...sequences.slice(0, -1)]);
}

describe('a store with three replicas', () => {
  it('is created once by concurrent connects to three nodes', async () => {
    // several times: for some milliseconds the cluster rejects the name before it reports the stream
    for (const other of range(0, 9).map(uniqueStoreName)) {
      const made = await Promise.all(
        cluster.urls.map(async (servers) => openStore({ servers, name: other, replicas: 3 })),
      );
      expect(new Set(made.map(({ identity }) => identity)).size).toBe(1);
      await Promise.all(made.map(async (store) => store.close()));
    }
  });

  it('has exactly one winner in each of 300 rounds of six writers on three nodes, and every stored guard is the previous commit', async () => {
    const order = newStream();
    const writers = [...stores, ...stores];
    for (const version of range(0, 299)) {
      const results = await Promise.allSettled(
        writers.map(async (store, writer) =>
          store.append(order, counted(version * 6 + writer), { expect: version }),
        ),
      );
      const losers = results.filter((result) => result.status === 'rejected');
      expect(losers).toHaveLength(5);
      for (const { reason } of losers) {
        expect(reason).toBeInstanceOf(WrongExpectedVersionError);
        expect(reason).toMatchObject({ expected: version === 0 ? 'none' : version, actual: version + 1 });
      }
    }
    const events = await collect(stores[1]!.read(order, { consistency: 'leader' }));
    expect(events.map(({ version }) => Number(version))).toEqual(range(1, 300));
    await expectSoundGuards(order);
  }, 90_000);

  it('gives gapless versions to concurrent writers with all kinds of expectations', async () => {
    const order = newStream();
    const told = new Map<number, number>();
    const writer = async (store: JetStreamEventStore, base: number): Promise<void> => {
      for (const n of range(base, base + 39)) told.set(n, (await store.append(order, counted(n))).version);
    };
    const rival = async (): Promise<void> => {
      for (const n of range(9_000, 9_039)) {
        const { version } = await stores[0]!.status(order);
        await stores[0]!.append(order, counted(n), { expect: version }).then(
          (result) => told.set(n, result.version),
          (error: unknown) => expect(error).toBeInstanceOf(WrongExpectedVersionError),
        );
      }
    };
    await Promise.all([...stores.map(async (store, index) => writer(store, 1_000 * index)), rival()]);
    const stored = (await collect(stores[2]!.read(order, { consistency: 'leader' }))).map(
      ({ data }) => (data as Counted).n,
    );
    expect(stored).toHaveLength(told.size);
    for (const [n, version] of told) expect(stored[version - 1]).toBe(n);
    await expectSoundGuards(order);
  }, 60_000);

  it('stores a command once that is sent to three nodes at once', async () => {
    for (const expected of ['any', 'none', 'exists', 1] as const) {
      for (const round of range(1, 10)) {
        const order = newStream();
        if (expected === 'exists' || expected === 1) await stores[0]!.append(order, counted(0));
        const results = await Promise.all(
          stores.map(async (store) =>
            store.append(order, counted(round), { commandId: 'c', expect: expected }),
          ),
        );
        expect(results.filter(({ committed }) => committed)).toHaveLength(1);
        expect(new Set(results.map(({ position }) => position)).size).toBe(1);
      }
    }
  }, 60_000);

  it('never reports a commit as removed when the replica of a reader lags: append, then read through the other nodes', async () => {
    for (const round of range(1, 16)) {
      const order = newStream();
      const writer = stores[round % 3]!;
      for (const n of range(1, 20)) {
        await writer.append(order, counted(n), { expect: n - 1 });
        for (const reader of stores) {
          const [leader, any] = await Promise.all([
            reader.readCommits(order, { consistency: 'leader' }),
            collect(reader.read(order)),
          ]);
          expect(leader.version).toBe(n);
          expect(leader.commits).toHaveLength(n);
          // a replica may lag, but what it has is gapless
          expect(any.map(({ version }) => Number(version))).toEqual(range(1, any.length));
        }
      }
    }
  }, 60_000);

  it('loses nothing and stores nothing twice while its leader is killed during appends', async () => {
    const order = newStream();
    const { cluster: info } = await raw.api<{ cluster: { leader: string } }>(`STREAM.INFO.${name}`);
    const leader = Number(info.leader.slice(1)) - 1;
    const [one, two] = stores.filter((_, index) => index !== leader) as [
      JetStreamEventStore,
      JetStreamEventStore,
    ];
    await one.append(order, counted(0));
    const told = new Map<number, number>();
    let stop = false;
    const writing = [one, two, one, two].map(async (store, writer) => {
      for (let n = (writer + 1) * 10_000; !stop; n += 1) {
        told.set(n, (await store.append(order, counted(n), { deadlineMs: 30_000 })).version);
      }
    });
    await until('appends', () => told.size > 50);
    await cluster.kill(leader);
    const before = told.size;
    await until('appends under a new leader', () => told.size > before + 50, 30_000);
    stop = true;
    await Promise.all(writing);
    const stored = (await collect(one.read(order, { consistency: 'leader' }))).map(
      ({ data }) => (data as Counted).n,
    );
    expect(stored).toHaveLength(told.size + 1);
    for (const [n, version] of told) expect(stored[version - 1]).toBe(n);
  }, 90_000);
});
