// Many connections write to one stream: how much gets through, and how evenly. Arguments: connections, seconds, what
// they do (append, command, handle, transact), servers (default: a server of its own).
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
import { startNatsServer } from 'jetsource/testing';

@Event('Noted')
class Noted {
  constructor(readonly number: number) {}
}

const [connections = '20', seconds = '20', kind = 'append', servers] = process.argv.slice(2);
await using server = servers === undefined ? await startNatsServer({ ownProcess: true }) : undefined;
const stores = await Promise.all(
  Array.from({ length: Number(connections) }, async () =>
    connectEventStore({ servers: servers ?? server?.url ?? '', name: 'contention', events: [Noted] }),
  ),
);

const counter: Decider<object, Noted, number> = {
  initialState: 0,
  decide: (_, count) => new Noted(count),
  evolve: (count) => count + 1,
};

let last = 0;
const hot = streamName('note', `hot-${Date.now()}`);

function work(store: EventStore): () => Promise<unknown> {
  const notes = repository(store, counter, { category: 'note' });
  return {
    append: async () => store.append(hot, [new Noted(1)]),
    command: async () => store.append(hot, [new Noted(1)], { commandId: `c-${last++}` }),
    handle: async () => notes.handle(hot.id, {}),
    transact: async () =>
      store.transact([
        { stream: hot, events: [new Noted(1)] },
        { stream: streamName('note', 'cold'), events: [new Noted(1)] },
      ]),
  }[kind as 'append' | 'command' | 'handle' | 'transact'];
}

const faults = new Map<string, number>();
const end = performance.now() + Number(seconds) * 1_000;

async function write(store: EventStore): Promise<{ readonly count: number; readonly slowestMs: number }> {
  const once = work(store);
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
  return { count, slowestMs };
}

const writers = await Promise.all(stores.map(write));
const counts = writers.map(({ count }) => count).toSorted((a, b) => a - b);
const sum = counts.reduce((total, count) => total + count, 0);
console.log(
  `${kind}, ${connections} connections, ${seconds} s: ${Math.round(sum / Number(seconds))}/s; ` +
    `least ${counts[0]}, mean ${Math.round(sum / counts.length)}, most ${counts.at(-1)}; ` +
    `slowest ${Math.round(Math.max(...writers.map(({ slowestMs }) => slowestMs)))} ms; ` +
    `errors ${JSON.stringify(Object.fromEntries(faults))}; load ${loadavg()[0]?.toFixed(1)}`,
);
await Promise.all(stores.map(async (store) => store.close()));
