// Events through reactors, beside raw durable pull consumers of nats.js on the same stream, in one run.
// `node --expose-gc .bench/reactors.js 20000 30`; a third number is that of the events of the memory part, which
// needs `--expose-gc` (1000000 for the note).
import { AckPolicy, DeliverPolicy, jetstream, jetstreamManager, type JsMsg } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { connectEventStore, defineReactor, Event, Reactors } from 'jetsource';
import { startNatsServer } from 'jetsource/testing';

const EVENTS = Number(process.argv[2] ?? 20_000);
const MANY = Number(process.argv[3] ?? 30);
const MEMORY_EVENTS = Number(process.argv[4] ?? 0);
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

async function fill(count: number): Promise<void> {
  for (let n = 0; n < count; n += 500)
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

const json = (message: JsMsg): unknown => message.json();

/** What a reactor gets, made by hand. */
function event(message: JsMsg): unknown {
  const commit = message.json<{ readonly events: readonly { readonly data: { readonly n: number } }[] }>();
  const time = message.time;
  const id = message.headers?.get('Nats-Msg-Id');
  return commit.events.map(({ data }) => ({ id, time, data: Object.assign(new Placed(0), data) }));
}

/** The same through durable pull consumers, acknowledged one by one. */
async function raw(count: number, decode: (message: JsMsg) => unknown, how: string): Promise<void> {
  const names = Array.from({ length: count }, (_, index) => `raw${count}-${how}-${index}`);
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
        decode(message);
        message.ack();
        if (--left === 0) break;
      }
    }),
  );
  report(`${count} raw durable pull consumers, ${how}`, EVENTS * count, performance.now() - begun);
}

/** Calls `append` one at a time, and prints how long it took until `handled` was called. */
async function times(
  what: string,
  append: (n: number) => Promise<unknown>,
  onHandled: (listener: () => void) => void,
): Promise<void> {
  const times: number[] = [];
  for (let n = 0; n < LATENCIES; n += 1) {
    const arrived = new Promise<void>((resolve) => onHandled(resolve));
    const begun = performance.now();
    await append(n);
    await arrived;
    times.push(performance.now() - begun);
  }
  times.sort((one, other) => one - other);
  const at = (share: number): string => (times[Math.floor(times.length * share)] ?? 0).toFixed(2);
  console.log(`append to handled, ${what}: p50 ${at(0.5)} ms, p99 ${at(0.99)} ms`);
}

async function rawLatency(): Promise<void> {
  let handled = (): void => undefined;
  const { durable_name: name = '' } = (
    await manager.consumers.add('bench', {
      durable_name: 'raw-latency',
      ack_policy: AckPolicy.Explicit,
      deliver_policy: DeliverPolicy.New,
    })
  ).config;
  const consumer = await jetstream(nc).consumers.get('bench', name);
  const messages = await consumer.consume({
    callback: (message) => {
      message.json();
      message.ack();
      handled();
    },
  });
  await times(
    'raw durable pull consumer',
    async (n) => store.append(`raw/${n}`, [new Placed(n)]),
    (listener) => (handled = listener),
  );
  await messages.close();
}

/** The heap while a reactor handles many events; it is flat when nothing stays of an event. */
async function memory(): Promise<void> {
  const { gc } = globalThis;
  if (MEMORY_EVENTS === 0 || gc === undefined) return;
  let count = 0;
  let done = (): void => undefined;
  const all = new Promise<void>((resolve) => (done = resolve));
  const heap = (): string => {
    gc();
    return `${(process.memoryUsage().heapUsed / 1e6).toFixed(1)} MB`;
  };
  const reactor = defineReactor({
    name: 'memory',
    handle: () => {
      count += 1;
      if (count % (MEMORY_EVENTS / 10) === 0) console.log(`${count} events handled: heap ${heap()}`);
      if (count === MEMORY_EVENTS) done();
    },
  });
  const running = new Reactors(store, [reactor], { service: 'bench' });
  await running.start();
  await fill(MEMORY_EVENTS);
  await all;
  await running.stop();
}

async function reactorLatency(): Promise<void> {
  let handled = (): void => undefined;
  const reactor = defineReactor({ name: 'latency', handle: () => handled() });
  const running = new Reactors(store, [reactor], { service: 'bench' });
  await running.start();
  await times(
    'reactor',
    async (n) => store.append(`late/${n}`, [new Placed(n)]),
    (listener) => (handled = listener),
  );
  await running.stop();
}

await fill(EVENTS);
await reactors(1);
await raw(1, json, 'json');
await raw(1, event, 'event');
await reactors(1, 'again');
await raw(MANY, json, 'json');
await raw(MANY, event, 'event');
await reactors(MANY);
await reactorLatency();
await rawLatency();
await memory();
await nc.close();
await store.close();
await server.stop();
