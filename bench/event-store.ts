// The event store compared with the raw client, in one run: appends, loads of one stream, replays of the
// store.
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { connectEventStore, Event, streamName, type StreamName } from 'jetsource';
import { eventLog } from 'jetsource/log';
import { startNatsServer } from 'jetsource/testing';
import { compare } from './compare.js';
import { wide } from './wide.js';

const ROUNDS = 5;
const STREAMS = 20_000;
const TEXT = 'x'.repeat(180);

@Event('Noted')
class Noted {
  readonly text = TEXT;

  constructor(readonly number: number) {}
}

const server = await startNatsServer({ ownProcess: true });
const store = await connectEventStore({ servers: server.url, name: 'bench', events: [Noted] });
const log = eventLog(store);
const nc = await connect({ servers: server.url });
const js = jetstream(nc);
const jsm = await jetstreamManager(nc);
await jsm.streams.add({ name: 'raw', subjects: ['raw.>'], allow_direct: true });

let next = 0;
const body = JSON.stringify({ type: 'Noted', data: { text: TEXT, number: 1 } });

async function rawAppend(subject: string, last: number): Promise<number> {
  const options = { msgID: `${subject}-${next++}`, expect: { lastSubjectSequence: last } };
  return (await js.publish(subject, body, options)).seq;
}

console.log(`nats-server ${server.version}, one node, file storage; events of ${body.length} bytes`);

await compare('append to new streams, 256 at a time', ROUNDS, [
  {
    name: 'jetsource append',
    run: async () =>
      wide(10_000, async () =>
        store.append(streamName('note', `w${next++}`), [new Noted(1)], { expect: 'none' }),
      ),
  },
  {
    name: 'js.publish with msgID and guard',
    run: async () => wide(10_000, async () => rawAppend(`raw.w${next++}`, 0)),
  },
]);

await compare('append to one stream, one after the other', ROUNDS, [
  {
    name: 'jetsource append',
    run: async () => {
      const name = streamName('note', `chain${next++}`);
      for (let version = 0; version < 1_000; version += 1)
        await store.append(name, [new Noted(version)], { expect: version });
      return 1_000;
    },
  },
  {
    name: 'js.publish with msgID and guard',
    run: async () => {
      const subject = `raw.chain${next++}`;
      let last = 0;
      for (let version = 0; version < 1_000; version += 1) last = await rawAppend(subject, last);
      return 1_000;
    },
  },
]);

/** Streams of a given length whose events lie far apart, as they do in a store in use. */
async function spread(length: number): Promise<{ name: StreamName; subject: string }> {
  const name = streamName('spread', `${length}`);
  const subject = `raw.spread${length}`;
  let last = 0;
  for (let version = 0; version < length; version += 1) {
    await store.append(name, [new Noted(version)], { expect: version });
    last = await rawAppend(subject, last);
    const others = Math.ceil(STREAMS / length);
    await wide(others, async () =>
      store.append(streamName('note', `o${next++}`), [new Noted(1)], { expect: 'none' }),
    );
    await wide(others, async () => rawAppend(`raw.o${next++}`, 0));
  }
  return { name, subject };
}

for (const [length, times] of [
  [10, 300],
  [100, 60],
  [1_000, 10],
] as const) {
  const { name, subject } = await spread(length);
  await compare(`load a stream of ${length} events`, ROUNDS, [
    {
      name: 'jetsource tail, by predecessors',
      run: async () => {
        for (let time = 0; time < times; time += 1) {
          const { commits } = await log.readCommits(name);
          if (commits.length !== length) throw new Error(`${commits.length} of ${length}`);
        }
        return times;
      },
    },
    {
      name: 'direct.getBatch by subject',
      run: async () => {
        for (let time = 0; time < times; time += 1) {
          const messages = await jsm.direct.getBatch('raw', { seq: 1, next_by_subj: subject, batch: length });
          let count = 0;
          for await (const message of messages) if (message.json() !== undefined) count += 1;
          if (count !== length) throw new Error(`${count} of ${length}`);
        }
        return times;
      },
    },
  ]);
}

const { state } = await jsm.streams.info('raw');
await compare('replay a whole store, decoded', ROUNDS, [
  {
    name: 'jetsource follow, commits',
    run: async () => {
      let count = 0;
      for await (const { commits, caughtUp } of log.follow({})) {
        count += commits.length;
        if (caughtUp) break;
      }
      return count;
    },
  },
  {
    name: 'jetsource readAll, events',
    run: async () => {
      let count = 0;
      for await (const event of store.readAll()) if (event.version > 0) count += 1;
      return count;
    },
  },
  {
    name: 'ordered consumer, max_messages 5000, json',
    run: async () => {
      const consumer = await js.consumers.get('raw');
      let count = 0;
      for await (const message of await consumer.consume({ max_messages: 5_000 })) {
        if (message.json() !== undefined) count += 1;
        if (count === state.messages) break;
      }
      return count;
    },
  },
]);

await nc.close();
await store.close();
await server.stop();
