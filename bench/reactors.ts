// Events through reactors, beside raw durable pull consumers of nats.js on the same stream, in one run.
// `node .bench/reactors.js 20000 30`
import { AckPolicy, jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { connectEventStore, defineReactor, Event, Reactors } from 'jetsource';
import { startNatsServer } from 'jetsource/testing';

const EVENTS = Number(process.argv[2] ?? 20_000);
const MANY = Number(process.argv[3] ?? 30);
const STREAMS = 200;
const LATENCIES = 300;

@Event('Placed')
class Placed {
  constructor(readonly n: number) {}
}

const server = await startNatsServer({ ownProcess: true });
const store = await connectEventStore({ servers: server.url, name: 'bench', events: [Placed] });
const nc = await connect({ servers: server.url });
const manager = await jetstreamManager(nc);

async function fill(): Promise<void> {
  for (let n = 0; n < EVENTS; n += 500)
    await Promise.all(
      Array.from({ length: 500 }, async (_, index) =>
        store.append(`order/${(n + index) % STREAMS}`, [new Placed(n + index)]),
      ),
    );
}

function report(what: string, count: number, ms: number): void {
  console.log(`${what}: ${Math.round((count * 1_000) / ms)} events/s`);
}

/** All events through so many reactors. */
async function reactors(count: number, run = ''): Promise<void> {
  let left = EVENTS * count;
  let done = (): void => undefined;
  const all = new Promise<void>((resolve) => (done = resolve));
  const definitions = Array.from({ length: count }, (_, index) =>
    defineReactor({
      name: `r${count}-${index}${run}`,
      from: 'beginning',
      handle: () => {
        left -= 1;
        if (left === 0) done();
      },
    }),
  );
  const running = new Reactors(store, definitions, { service: 'bench' });
  const begun = performance.now();
  await running.start();
  await all;
  report(`${count} reactors`, EVENTS * count, performance.now() - begun);
  await running.stop();
}

/** The same through durable pull consumers, acknowledged one by one. */
async function raw(count: number): Promise<void> {
  const names = Array.from({ length: count }, (_, index) => `raw${count}-${index}`);
  const begun = performance.now();
  await Promise.all(
    names.map(async (name) => {
      await manager.consumers.add('bench', {
        durable_name: name,
        ack_policy: AckPolicy.Explicit,
        max_ack_pending: 50_000,
      });
      const consumer = await jetstream(nc).consumers.get('bench', name);
      const messages = await consumer.consume({ max_messages: 500 });
      let left = EVENTS;
      for await (const message of messages) {
        message.json();
        message.ack();
        if (--left === 0) break;
      }
    }),
  );
  report(`${count} raw durable pull consumers`, EVENTS * count, performance.now() - begun);
}

/** From the call of append to the handler, one at a time. */
async function latency(): Promise<void> {
  let handled = (): void => undefined;
  const reactor = defineReactor({ name: 'latency', handle: () => handled() });
  const running = new Reactors(store, [reactor], { service: 'bench' });
  await running.start();
  const times: number[] = [];
  for (let n = 0; n < LATENCIES; n += 1) {
    const arrived = new Promise<void>((resolve) => (handled = resolve));
    const begun = performance.now();
    await store.append(`late/${n}`, [new Placed(n)]);
    await arrived;
    times.push(performance.now() - begun);
  }
  times.sort((one, other) => one - other);
  const at = (share: number): string => (times[Math.floor(times.length * share)] ?? 0).toFixed(2);
  console.log(`append to handled: p50 ${at(0.5)} ms, p99 ${at(0.99)} ms`);
  await running.stop();
}

await fill();
await reactors(1);
await raw(1);
await reactors(1, 'again');
await raw(MANY);
await reactors(MANY);
await latency();
await nc.close();
await store.close();
await server.stop();
