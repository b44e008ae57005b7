// Loads of aggregates and their commands compared with the raw client, in one run: cold, with a snapshot,
// from the cache.
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import {
  connectEventStore,
  type Decider,
  Event,
  jetStreamSnapshots,
  repository,
  streamName,
} from 'jetsource';
import { startNatsServer } from 'jetsource/testing';
import { compare } from './compare.js';
import { wide } from './wide.js';

const ROUNDS = 5;
/** Events of other streams, spread between those of the loaded stream, as in a store in use. */
const OTHERS = 20_000;
/** Events after the snapshot. */
const BEHIND = 5;
const TEXT = 'x'.repeat(180);

@Event('Counted')
class Counted {
  readonly text = TEXT;

  constructor(readonly number: number) {}
}

const counter: Decider<number, Counted, { readonly sum: number }> = {
  initialState: { sum: 0 },
  decide: (number) => new Counted(number),
  evolve: ({ sum }, { number }) => ({ sum: sum + number }),
};

const server = await startNatsServer({ ownProcess: true });
const store = await connectEventStore({ servers: server.url, name: 'bench', events: [Counted] });
const nc = await connect({ servers: server.url });
const js = jetstream(nc);
const jsm = await jetstreamManager(nc);
await jsm.streams.add({ name: 'raw', subjects: ['raw.>'], allow_direct: true });

const category = 'counter';
const snapshots = { store: await jetStreamSnapshots(store), every: 1_000_000, atFirst: true };
const cold = repository(store, counter, { category, cache: false });
const cached = repository(store, counter, { category });
const snapshotted = repository(store, counter, { category, cache: false, snapshots });
const body = JSON.stringify({ type: 'Counted', data: new Counted(1) });
let next = 0;

async function fill(id: string, length: number): Promise<void> {
  for (let version = 0; version < length; version += 1) {
    if (version === length - BEHIND) {
      // writes the first snapshot, which all later loads use
      await snapshotted.load(id);
      await snapshotted.drain();
    }
    await cached.handle(id, 1);
    await js.publish(`raw.${id}`, body);
    const others = Math.ceil(OTHERS / length);
    await wide(others, async () => store.append(streamName('other', `o${next++}`), [new Counted(1)]));
    await wide(others, async () => js.publish(`raw.o${next++}`, body));
  }
}

async function rawLoad(id: string): Promise<number> {
  const messages = await jsm.direct.getBatch('raw', { seq: 1, next_by_subj: `raw.${id}`, batch: 100_000 });
  let sum = 0;
  for await (const message of messages) sum += message.json<{ data: Counted }>().data.number;
  return sum;
}

console.log(
  `nats-server ${server.version}, one node, file storage; events of ${body.length} bytes, ${OTHERS} others between them; ` +
    `snapshots ${BEHIND} events behind`,
);

for (const [length, times] of [
  [10, 300],
  [100, 60],
  [1_000, 10],
] as const) {
  const id = `c${length}`;
  await fill(id, length);
  const repeated = (name: string, load: () => Promise<number>) => ({
    name,
    run: async () => {
      for (let time = 0; time < times; time += 1) {
        const sum = await load();
        if (sum !== length) throw new Error(`${name}: ${sum} of ${length}`);
      }
      return times;
    },
  });
  await compare(`load an aggregate of ${length} events`, ROUNDS, [
    repeated('cold', async () => (await cold.load(id)).state.sum),
    repeated('with a snapshot', async () => (await snapshotted.load(id)).state.sum),
    repeated('cached, and brought up to date', async () => (await cached.load(id)).state.sum),
    repeated('raw: direct.getBatch by subject', async () => rawLoad(id)),
  ]);
}

/** Ids of aggregates with ten events each; each contender has its own, or they would conflict. */
const [hotIds, coldIds] = ['h', 'c'].map((prefix) =>
  Array.from({ length: 50 }, (_, index) => `${prefix}${index}`),
) as [string[], string[]];
for (const id of [...hotIds, ...coldIds])
  for (let version = 0; version < 10; version += 1) await cached.handle(id, 1);
const last = new Map<string, number>();

await compare('handle a command, one after the other', ROUNDS, [
  {
    name: 'hot: from the cache',
    run: async () => {
      for (let time = 0; time < 10; time += 1) for (const id of hotIds) await cached.handle(id, 1);
      return hotIds.length * 10;
    },
  },
  {
    name: 'cold: folded for each command',
    run: async () => {
      for (const id of coldIds) await cold.handle(id, 1);
      return coldIds.length;
    },
  },
  {
    name: 'raw: js.publish with msgID and guard',
    run: async () => {
      for (let time = 0; time < 10; time += 1) {
        for (const id of hotIds) {
          const expect = { lastSubjectSequence: last.get(id) ?? 0 };
          const { seq } = await js.publish(`raw.${id}`, body, { msgID: `m${next++}`, expect });
          last.set(id, seq);
        }
      }
      return hotIds.length * 10;
    },
  },
]);

await nc.close();
await store.close();
await server.stop();
