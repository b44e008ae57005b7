// Many connections write to one stream: how much gets through, and how evenly, beside what one connection alone does
// right before and after. Arguments: connections, seconds, what they do (append, command, handle, transact), servers
// (default: one of its own; `cluster`: three of its own, with three replicas).
import { loadavg } from 'node:os';
import {
  connectEventStore,
  type Decider,
  Event,
  type EventStore,
  isJetsourceError,
  repository,
  streamName,
} from 'jetsource';
import { startNatsCluster, startNatsServer } from 'jetsource/testing';

@Event('Noted')
class Noted {
  constructor(readonly number: number) {}
}

type Kind = 'append' | 'command' | 'handle' | 'transact';
const SOLO_SECONDS = 3;
const [connections = '20', seconds = '20', kind = 'append', given] = process.argv.slice(2);
await using own = await startOwn();
const servers = own?.servers ?? given ?? '';
const replicas = given === 'cluster' ? 3 : 1;
const stores = await Promise.all(
  Array.from({ length: Number(connections) }, async () =>
    connectEventStore({ servers, name: 'contention', events: [Noted], replicas }),
  ),
);

const counter: Decider<object, Noted, number> = {
  initialState: 0,
  decide: (_, count) => new Noted(count),
  evolve: (count) => count + 1,
};

interface Servers extends AsyncDisposable {
  readonly servers: string | string[];
}

async function startOwn(): Promise<Servers | undefined> {
  if (given !== undefined && given !== 'cluster') return undefined;
  if (given === 'cluster') {
    const cluster = await startNatsCluster();
    return { servers: [...cluster.urls], [Symbol.asyncDispose]: async () => cluster.stop() };
  }
  const server = await startNatsServer({ ownProcess: true });
  return { servers: server.url, [Symbol.asyncDispose]: async () => server.stop() };
}

let last = 0;

function work(store: EventStore, hot: string): () => Promise<unknown> {
  const notes = repository(store, counter, { category: 'note' });
  const stream = streamName('note', hot);
  return {
    append: async () => store.append(stream, [new Noted(1)]),
    command: async () => store.append(stream, [new Noted(1)], { commandId: `c-${last++}` }),
    handle: async () => notes.handle(hot, {}),
    transact: async () =>
      store.transact([
        { stream, events: [new Noted(1)] },
        { stream: streamName('note', `${hot}-cold`), events: [new Noted(1)] },
      ]),
  }[kind as Kind];
}

const faults = new Map<string, number>();

/** Writes until that time. @returns how often, and how long the slowest took. */
async function write(once: () => Promise<unknown>, end: number): Promise<[count: number, slowestMs: number]> {
  let count = 0;
  let slowestMs = 0;
  while (performance.now() < end) {
    const startedAt = performance.now();
    try {
      await once();
      count += 1;
    } catch (error) {
      const code = isJetsourceError(error) ? error.code : String(error);
      faults.set(code, (faults.get(code) ?? 0) + 1);
    }
    slowestMs = Math.max(slowestMs, performance.now() - startedAt);
  }
  return [count, slowestMs];
}

/** The rate of one connection on a stream of its own. */
async function solo(): Promise<number> {
  const [store] = stores;
  if (store === undefined) return 0;
  const [count] = await write(work(store, `solo-${Date.now()}`), performance.now() + SOLO_SECONDS * 1_000);
  return Math.round(count / SOLO_SECONDS);
}

const before = await solo();
const hot = `hot-${Date.now()}`;
const end = performance.now() + Number(seconds) * 1_000;
const writers = await Promise.all(stores.map(async (store) => write(work(store, hot), end)));
const after = await solo();
const counts = writers.map(([count]) => count).toSorted((a, b) => a - b);
const mean = counts.reduce((total, count) => total + count, 0) / counts.length;
const rate = (mean * counts.length) / Number(seconds);
console.log(
  `${kind}, ${connections} connections, ${seconds} s${replicas === 3 ? ', three servers' : ''}: ` +
    `${Math.round(rate)}/s (alone ${before} before, ${after} after); ` +
    `least ${counts[0]}, mean ${Math.round(mean)}, most ${counts.at(-1)}; ` +
    `slowest ${Math.round(Math.max(...writers.map(([, slowestMs]) => slowestMs)))} ms; ` +
    `errors ${JSON.stringify(Object.fromEntries(faults))}; load ${loadavg()[0]?.toFixed(1)}`,
);
await Promise.all(stores.map(async (store) => store.close()));
