// Runs processes with projections on a nats-server and a PostgreSQL while writers append, and kills the processes
// at random moments. Checks that each read model equals a fresh fold of the log, and that no event was handled
// twice or never. `npm run faults:projections -- --kills 50`
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import pg from 'pg';
import { connectEventStore, streamName } from '../../src/index.js';
import { slotOf } from '../../src/event/slot.js';
import { slotsOfLane } from '../../src/lane/lane-slots.js';
import { startNatsServer } from '../../src/testing/start-nats-server.js';
import {
  checkTally,
  countHandled,
  freshFold,
  type Handled,
  handledBy,
  type ReadDatabase,
} from '../projection-faults/check-tally.js';
import type { Tally } from '../projection-faults/tallies.js';
import { TallyProcess } from '../projection-faults/tally-process.js';
import { ORDER_EVENTS } from '../support/order-events.js';
import { newDatabase, postgresServer } from '../support/postgres/postgres-server.js';
import { tally as write } from './tally-writer.js';
import { seededRandom } from './seeded-random.js';

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '50' },
    seconds: { type: 'string', default: '600' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    writers: { type: 'string', default: '20' },
  },
});
const wantedKills = Number(values.kills);
const seconds = Number(values.seconds);
const random = seededRandom(Number(values.seed));
const between = (least: number, most: number): number => least + random() * (most - least);

const TALLIES: readonly Tally[] = [
  { name: 'statements1', style: 'statements', lanes: 1 },
  { name: 'statements4', style: 'statements', lanes: 4 },
  { name: 'rows1', style: 'rows', lanes: 1 },
  { name: 'rows4', style: 'rows', lanes: 4 },
];
/** A process that is killed while a process was killed shortly before says nothing of one take-over. */
const APART_MS = 6_000;
const PATIENCE_MS = 120_000;

const found = await postgresServer();
if (!('url' in found)) throw new TypeError(`there is no PostgreSQL: ${found.missing}`);
const database = await newDatabase(found);
const pool = new pg.Pool({ connectionString: database.url });
const db: ReadDatabase = {
  query: async (sql, parameters) => (await pool.query<Record<string, unknown>>(sql, parameters)).rows,
};
const server = await startNatsServer({ ownProcess: true });
const name = 'faults';
const store = await connectEventStore({ servers: server.url, name, events: ORDER_EVENTS });

console.log(`seed ${values.seed}, ${wantedKills} kills`);
const running = new Set<TallyProcess>();
const all: TallyProcess[] = [];
function start(): void {
  const member = `p${all.length}`;
  const settings = { servers: server.url, name, database: database.url, member, tallies: TALLIES };
  const started = new TallyProcess(settings);
  running.add(started);
  all.push(started);
}

const begun = performance.now();
const elapsed = (): number => (performance.now() - begun) / 1_000;
const stop = new AbortController();
let appended = 0;
const writers = Promise.all(
  Array.from({ length: Number(values.writers) }, async () =>
    write(store, { signal: stop.signal, onAppended: (events) => (appended += events) }),
  ),
);

const kills: { member: string; at: number }[] = [];
start();
start();
while (kills.length < wantedKills && elapsed() < seconds) {
  // two or three at a time; at times a process is killed while it starts, and at times two in a row
  await delay(between(0, 1) < 0.2 ? between(0, 1_000) : between(2_000, 7_000));
  if (running.size < 3) start();
  const candidates = [...running];
  const victim = candidates[Math.floor(random() * candidates.length)]!;
  const at = Date.now();
  await victim.kill();
  running.delete(victim);
  kills.push({ member: victim.member, at });
  if (running.size < 2) start();
  if (kills.length % 10 === 0)
    console.log(`${elapsed().toFixed(0).padStart(4)} s  ${kills.length} kills, ${appended} events appended`);
}
stop.abort();
await writers;
const writtenIn = elapsed();
const fold = await freshFold(store);
const end = performance.now() + PATIENCE_MS;
for (const tally of TALLIES)
  while ((await countHandled(db, tally)) < fold.events.size && performance.now() < end) await delay(100);

const faults: string[] = [];
if (fold.events.size !== appended)
  faults.push(`${appended} events were appended, ${fold.events.size} are stored`);
for (const tally of TALLIES) faults.push(...(await checkTally(db, tally, fold)));
for (const each of all) {
  const failed = each.status.filter(({ state }) => state === 'failed' || state === 'diverged');
  for (const status of failed)
    faults.push(`${each.member}: ${status.name} is ${status.state}: ${status.error}`);
}
console.log(
  `${kills.length} kills of ${all.length} processes, ${fold.events.size} events of ${fold.streams.size} streams appended in ${writtenIn.toFixed(0)} s ` +
    `(${Math.round(fold.events.size / writtenIn)}/s), all handled ${(elapsed() - writtenIn).toFixed(1)} s later`,
);
for (const tally of TALLIES) console.log(`  ${tally.name}: ${takeOvers(tally, await handledBy(db, tally))}`);
for (const fault of faults.slice(0, 20)) console.log(`  ${fault}`);
console.log(faults.length === 0 ? 'all guarantees hold' : `${faults.length} guarantees are violated`);

await Promise.all([...running].map(async (each) => each.kill()));
await store.close();
await server.stop();
await pool.end();
await database.drop();
process.exitCode = faults.length === 0 ? 0 : 1;

/** For each kill of an owner that no other kill came close to, how long nobody handled its lane. */
function takeOvers({ lanes = 1 }: Tally, handled: readonly Handled[]): string {
  const laneBySlot = new Map<number, number>();
  for (let lane = 0; lane < lanes; lane += 1)
    for (const slot of slotsOfLane({ lane, lanes })) laneBySlot.set(slot, lane);
  const byLane = new Map<number, Handled[]>();
  for (const each of handled) {
    const [category = '', id = ''] = each.stream.split('/');
    const lane = laneBySlot.get(slotOf(streamName(category, id))) ?? 0;
    const before = byLane.get(lane);
    if (before === undefined) byLane.set(lane, [each]);
    else before.push(each);
  }
  const took: number[] = [];
  for (const { member, at } of kills) {
    if (kills.some((other) => other.at !== at && Math.abs(other.at - at) < APART_MS)) continue;
    for (const lane of byLane.values()) {
      const next = lane.findIndex((each) => each.at > at);
      if (next > 0 && lane[next - 1]!.member === member) took.push(lane[next]!.at - at);
    }
  }
  const sorted = took.toSorted((a, b) => a - b);
  if (sorted.length === 0) return 'no take-over was measured';
  const [least, median, most] = [sorted[0], sorted[Math.floor(sorted.length / 2)], sorted.at(-1)];
  return `${sorted.length} take-overs in ${least} / ${median} / ${most} ms (least, median, most)`;
}
