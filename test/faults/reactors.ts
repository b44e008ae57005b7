// Runs three instances of a service with reactors whose handlers fail at random, while writers append, instances are
// killed and suspended, and the nats-server is killed and started again. Checks that every event is handled or
// parked, in the order of its stream, with no other of its stream beside it, and that only what was disturbed is
// repeated. `npm run faults:reactors -- --events 50000 --redrive`
import { appendFileSync, mkdtempSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { connectEventStore, Reactors, streamName } from '../../src/index.js';
import { startNatsServer } from '../../src/testing/start-nats-server.js';
import { Counted } from '../support/order-events.js';
import { RawNats } from '../support/raw-nats.js';
import { CallsCheck, type Logged } from './check-calls.js';
import { NoterProcess } from './noter-process.js';
import { noter, NOTERS } from './noters.js';
import { seededRandom } from './seeded-random.js';

const { values } = parseArgs({
  options: {
    events: { type: 'string', default: '50000' },
    rate: { type: 'string', default: '300' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    restarts: { type: 'string', default: '1' },
    failures: { type: 'string', default: '0.01' },
    redrive: { type: 'boolean', default: false },
  },
});
const wanted = Number(values.events);
const seed = Number(values.seed);
const restarts = Number(values.restarts);
const random = seededRandom(seed);
const between = (least: number, most: number): number => least + random() * (most - least);

const INSTANCES = 3;
const WRITERS = 20;
const STREAMS = 300;
/** The run fails when nothing has been handled for this long, in milliseconds. */
const PATIENCE_MS = 60_000;

const server = await startNatsServer({ ownProcess: true });
const name = 'faults';
const store = await connectEventStore({ servers: server.url, name, events: [Counted] });
const definitions = NOTERS.map((each) => noter(each, () => undefined));
const quiet = { warn: () => undefined, error: () => undefined };
const operator = new Reactors(store, definitions, { service: name, logger: quiet });
const file = join(mkdtempSync(join(tmpdir(), 'jetsource-')), 'calls');
const note = (pid: number | string, what: string): void =>
  appendFileSync(file, `${Date.now()} ${pid} ${what}\n`);
const begun = performance.now();
const seconds = (): number => (performance.now() - begun) / 1_000;
const say = (text: string): void => console.log(`${seconds().toFixed(0).padStart(4)} s  ${text}`);

say(`seed ${seed}, ${wanted} events, notes in ${file}`);
const running: NoterProcess[] = [];
let startedCount = 0;
function start(): void {
  startedCount += 1;
  const settings = {
    servers: server.url,
    name,
    file,
    seed: seed + startedCount,
    failures: Number(values.failures),
  };
  running.push(new NoterProcess(settings));
}
for (let n = 0; n < INSTANCES; n += 1) start();

let n = 0;
let failedAppends = 0;
async function write(): Promise<void> {
  while (n < wanted) {
    const count = Math.min(1 + (n % 3), wanted - n);
    const events = Array.from({ length: count }, () => new Counted((n += 1)));
    const stream = streamName('fault', `${Math.floor(Math.random() * STREAMS)}`);
    await store.append(stream, events).catch(() => (failedAppends += 1));
    await delay((WRITERS * count * 1_000) / Number(values.rate));
  }
}
let isWritten = false;
const writers = Promise.all(Array.from({ length: WRITERS }, write)).then(() => (isWritten = true));

/** An instance that was suspended, or ended by itself, is not the one. */
function victim(): NoterProcess | undefined {
  const candidates = running.filter((each) => !each.isSuspended && !each.hasEnded);
  return candidates[Math.floor(random() * candidates.length)];
}

function replaceEnded(): void {
  for (const each of running.filter(({ hasEnded }) => hasEnded)) {
    running.splice(running.indexOf(each), 1);
    // it ended because there was no server
    note(each.pid, 'killed');
  }
  while (running.length < INSTANCES) start();
}

let kills = 0;
async function kill(): Promise<void> {
  const killed = victim();
  if (killed === undefined) return;
  running.splice(running.indexOf(killed), 1);
  await killed.kill();
  note(killed.pid, 'killed');
  kills += 1;
  await delay(between(0, 1) < 0.5 ? 0 : between(1_000, 3_000));
}

let suspensions = 0;
const resumed: Promise<void>[] = [];
async function suspend(): Promise<void> {
  const suspended = victim();
  if (suspended === undefined) return;
  suspended.suspend();
  note(suspended.pid, 'suspended');
  suspensions += 1;
  await delay(between(500, 8_000));
  suspended.resume();
}

let restarted = 0;
async function restart(): Promise<void> {
  note('*', 'restarted');
  await server.kill('SIGKILL');
  await delay(between(0, 3_000));
  await server.restart();
  note('*', 'restarted');
  restarted += 1;
  say('the server was killed and started again');
}

let nextReport = 0;
while (!isWritten) {
  await delay(between(0, 1) < 0.2 ? between(0, 1_000) : between(6_500, 13_000));
  replaceEnded();
  if (restarted < restarts && n > (wanted * (restarted + 1)) / (restarts + 1)) await restart();
  else if (between(0, 1) < 0.3) resumed.push(suspend());
  else await kill();
  replaceEnded();
  if (seconds() < nextReport) continue;
  nextReport = seconds() + 20;
  say(`${n} events, ${kills} kills, ${suspensions} suspensions, load ${loadavg()[0]?.toFixed(1)}`);
}
await writers;
await Promise.all(resumed);
const log: Logged[] = [];
for await (const { stream, version, position } of store.readAll())
  log.push({ stream: stream.id, version, position });
say(`${log.length} events stored, ${failedAppends} appends failed or are of unknown outcome`);

async function parkedEvents(): Promise<ReadonlySet<string>> {
  const parked = await operator.parked();
  return new Set(parked.map(({ reactor, position }) => `${reactor} ${position}`));
}

/** Events that are neither handled nor parked. */
async function missing(): Promise<string[]> {
  const parked = await parkedEvents();
  const { handled } = new CallsCheck(log, parked).read(file);
  return NOTERS.flatMap((each) =>
    log.flatMap(({ stream, version, position }) => {
      const key = `${each.name} ${stream} ${version}`;
      return handled.has(key) || parked.has(`${each.name} ${position}`) ? [] : key;
    }),
  );
}

async function untilNoneMissing(): Promise<string[]> {
  let left = await missing();
  for (let progressAt = performance.now(); left.length > 0;) {
    await delay(1_000);
    replaceEnded();
    const now = await missing();
    if (now.length !== left.length) progressAt = performance.now();
    left = now;
    if (performance.now() - progressAt > PATIENCE_MS) break;
  }
  return left;
}

const lost = await untilNoneMissing();
say(`all handled or parked but ${lost.length}`);
const parkedAtEnd = await parkedEvents();
const report = new CallsCheck(log, parkedAtEnd).read(file);
const faults = [...report.faults, ...lost.map((key) => `${key} is neither handled nor parked`)];
if (faults.length > 0) await describeConsumers();

let redriven = 0;
if (values.redrive) {
  const end = performance.now() + 3 * PATIENCE_MS;
  let open: string[] = [];
  let left = 1;
  for (let turn = 0; left + open.length > 0 && performance.now() < end; turn += 1) {
    redriven += await operator.redrive('all');
    if (turn === 0) await kill();
    replaceEnded();
    for (let look = 0; look < 5; look += 1) await delay(1_000);
    left = (await operator.parked()).length;
    const { handled } = new CallsCheck(log, parkedAtEnd).read(file);
    // what the killed instance had comes again when its claim has run out
    open = [...parkedAtEnd].flatMap((parked) => {
      const key = keyOfParked(parked);
      return handled.has(key) ? [] : key;
    });
  }
  say(`${redriven} redriven of ${parkedAtEnd.size} events, ${left} are left`);
  if (left > 0) faults.push(`${left} events are parked after all were redriven`);
  for (const key of open) faults.push(`${key} was redriven, and is not handled`);
}

function keyOfParked(parked: string): string {
  const [reactor, position] = parked.split(' ');
  const found = log.find((each) => each.position === position);
  return `${reactor} ${found?.stream} ${found?.version}`;
}

/** What the server says of the consumers, where something is wrong. */
async function describeConsumers(): Promise<void> {
  interface Consumer {
    readonly name: string;
    readonly num_pending: number;
    readonly num_ack_pending: number;
    readonly num_waiting: number;
    readonly ack_floor: { readonly stream_seq: number };
    readonly delivered: { readonly stream_seq: number };
    readonly config: { readonly ack_wait?: number; readonly max_ack_pending?: number };
  }
  await using raw = await RawNats.open(server.url);
  const { consumers } = await raw.api<{ consumers: readonly Consumer[] }>(`CONSUMER.LIST.${name}`);
  for (const each of consumers)
    say(
      `${each.name}: ${each.num_pending} pending, ${each.num_ack_pending} not acknowledged, ${each.num_waiting} pulls, floor ` +
        `${each.ack_floor.stream_seq}, delivered ${each.delivered.stream_seq}, ack_wait ${each.config.ack_wait}, max_ack_pending ${each.config.max_ack_pending}`,
    );
  for (const status of await operator.status()) say(JSON.stringify(status));
}

for (const [text, count] of report.said) say(`${count} x ${text}`);
const { takeOvers, repeated } = report;
const p50 = takeOvers[Math.floor(takeOvers.length / 2)];
say(
  `${log.length} events, ${report.calls} calls, ${report.failed} failed, ${parkedAtEnd.size} parked; ${kills} kills, ${suspensions} suspensions, ` +
    `${restarted} restarts of the server; load ${loadavg()
      .map((each) => each.toFixed(1))
      .join(' ')}`,
);
say(
  `repeated: ${JSON.stringify(Object.fromEntries(repeated))}; ${takeOvers.length} take-overs, p50 ${p50} ms, max ${takeOvers.at(-1)} ms`,
);
for (const fault of faults.slice(0, 20)) console.log(`  ${fault}`);
console.log(faults.length === 0 ? 'all guarantees hold' : `${faults.length} guarantees are violated`);

await Promise.all(running.map(async (each) => each.kill()));
await store.close();
await server.stop();
process.exitCode = faults.length === 0 ? 0 : 1;
