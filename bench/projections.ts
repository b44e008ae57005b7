// Projections compared with the raw client and SQL by hand, in one run: latency, rebuilds into PostgreSQL,
// replays into memory, and memory in use. `node .bench/projections.js latency rows` runs two parts;
// ROUNDS and EVENTS in the environment make it shorter.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { Projections, type ProjectionDefinition, type ProjectionStore } from 'jetsource';
import { eventLog } from 'jetsource/log';
import { nodePostgres, postgresProjectionStore } from 'jetsource/postgres';
import { startNatsServer } from 'jetsource/testing';
import pg from 'pg';
import { compare } from './compare.js';
import { OrderLog, type RawOrder } from './order-log.js';
import { add, live, type Queries, rows, statements, type Sums } from './order-models.js';
import { benchPostgres } from './postgres.js';
import {
  applyRaw,
  clearRaw,
  folded,
  projectRaw,
  type RawStyle,
  single,
  type Transact,
} from './raw-projection.js';

const PATIENT = { timeoutMs: 600_000 };
const ROUNDS = Number(process.env['ROUNDS'] ?? 5);
const LATENCIES = 1_000;
/** Few, so that the store knows their ends. */
const LATENCY_STREAMS = 100;
/** Events of each part, in the order of the parts: the logs grow. */
const EVENTS = {
  latency: 1_000,
  statements: 20_000,
  rows: 100_000,
  replay: 500_000,
  memory: 1_000_000,
};

const asked = process.argv.slice(2);
const isAsked = (part: string): boolean => asked.length === 0 || asked.includes(part);

const server = await startNatsServer({ ownProcess: true });
const postgres = await benchPostgres();
const log = await OrderLog.connect(server.url);
console.log(`nats-server ${server.version}, one node, file storage; PostgreSQL ${postgres?.version}`);

/** A database, for both sides. */
interface Place<Tx extends Queries> {
  readonly title: string;
  readonly store: ProjectionStore<Tx>;
  /** For what is written by hand: another database, since the tables have the same names. */
  readonly transact: Transact;
  close(): Promise<void>;
}

async function onPostgres(url: string): Promise<Place<Queries>> {
  const admin = new pg.Client({ connectionString: url });
  await admin.connect();
  await admin.query('create database by_hand');
  await admin.end();
  const pool = new pg.Pool({ connectionString: url });
  const byHand = new URL(url);
  byHand.pathname = 'by_hand';
  const rawPool = new pg.Pool({ connectionString: byHand.href });
  return {
    title: 'PostgreSQL',
    store: postgresProjectionStore(nodePostgres(pool)) as ProjectionStore<Queries>,
    transact: async (work) => {
      const client = await rawPool.connect();
      try {
        await client.query('begin');
        await work(client);
        await client.query('commit');
      } finally {
        client.release();
      }
    },
    close: async () => {
      await Promise.all([pool.end(), rawPool.end()]);
    },
  };
}

/** Runs projections, all of them caught up. */
async function withProjections(
  definitions: readonly ProjectionDefinition[],
  work: (projections: Projections) => Promise<void>,
): Promise<void> {
  const onError = (error: Error): void => console.log(`  error: ${error.message}`);
  const projections = new Projections(log.store, definitions, { onError });
  await projections.start();
  for (const definition of definitions) await projections.waitFor(definition, log.last, PATIENT);
  await work(projections);
  await projections.stop();
}

async function compareRebuilds(
  { title, store, transact }: Place<Queries>,
  {
    style,
    name,
    definition,
  }: {
    readonly style: RawStyle;
    readonly name: string;
    readonly definition: (store: ProjectionStore<Queries>, name?: string) => ProjectionDefinition<Queries>;
  },
): Promise<void> {
  const projection = definition(store);
  await withProjections([projection], async (projections) => {
    await compare(`rebuild into ${title}, ${name}, ${log.events.toLocaleString('en')} events`, ROUNDS, [
      {
        name: 'by hand, 500 events and the position a transaction',
        run: async () => {
          await clearRaw(transact);
          return projectRaw(transact, style, log.rawMessages(log.events));
        },
      },
      {
        name: 'jetsource rebuild',
        run: async () => {
          const { events } = await projections.rebuild(projection, {});
          if (events < log.events) throw new Error(`${events} of ${log.events}`);
          return events;
        },
      },
    ]);
  });
}

const byRows = { style: folded, name: 'rows', definition: rows };
const byStatements = { style: single, name: 'a statement for each event', definition: statements };

/** From the call that stores an event to the model that shows it, one event after the other. */
async function compareLatency({ title, store, transact }: Place<Queries>): Promise<void> {
  const projection = rows(store, 'latency');
  await clearRaw(transact);
  const consumed = new Map<number, () => void>();
  const applied = new Map<number, true>();
  void (async () => {
    for await (const message of log.rawMessages()) {
      await applyRaw(transact, folded, [message]);
      const told = consumed.get(message.seq);
      if (told === undefined) applied.set(message.seq, true);
      told?.();
    }
  })().catch(() => undefined);
  const raw = async (number: number): Promise<void> => {
    const sequence = await log.publish(number);
    if (!applied.delete(sequence)) await new Promise<void>((resolve) => consumed.set(sequence, resolve));
    consumed.delete(sequence);
  };
  await withProjections([projection], async (projections) => {
    const own = async (number: number): Promise<void> => {
      await projections.waitFor(projection, await log.append(number));
    };
    const contenders = [
      { name: 'js.publish, consumer, upsert by hand', once: raw, times: [] as number[] },
      { name: 'jetsource append, waitFor', once: own, times: [] as number[] },
    ];
    let number = 0;
    for (let round = 0; round <= ROUNDS; round += 1) {
      for (const { once: task, times } of contenders) {
        for (let time = 0; time < LATENCIES; time += 1) {
          const begun = performance.now();
          await task((number += 1) % LATENCY_STREAMS);
          if (round > 0) times.push(performance.now() - begun);
        }
      }
    }
    console.log(
      `\nappend to visible in ${title}, rows, one after the other (${ROUNDS} x ${LATENCIES}, in turn)`,
    );
    for (const { name, times } of contenders) {
      const sorted = times.toSorted((a, b) => a - b);
      const at = (part: number): string => (sorted[Math.floor(sorted.length * part)] as number).toFixed(3);
      console.log(`  ${name.padEnd(44)} p50 ${at(0.5)} ms, p90 ${at(0.9)} ms, p99 ${at(0.99)} ms`);
    }
  });
}

async function compareReplays(): Promise<void> {
  await withProjections([live], async (projections) => {
    await compare(`replay into memory, ${log.events.toLocaleString('en')} events`, ROUNDS, [
      {
        name: 'ordered consumer, JSON.parse, fold by hand',
        run: async () => {
          const sums = new Map<string, Sums>();
          let count = 0;
          for await (const message of log.rawMessages(log.events)) {
            add(sums, JSON.parse(message.string()) as RawOrder);
            count += 1;
          }
          return count;
        },
      },
      { name: 'live projection', run: async () => (await projections.rebuild(live)).events },
      {
        name: 'follow, fold of the stored data by hand',
        run: async () => {
          const sums = new Map<string, Sums>();
          let count = 0;
          for await (const { commits, caughtUp } of eventLog(log.store).follow({ categories: ['order'] })) {
            for (const { events } of commits) {
              for (const { data } of events) add(sums, { data: data as RawOrder['data'] });
              count += events.length;
            }
            if (caughtUp) break;
          }
          return count;
        },
      },
    ]);
  });
}

/** Each in a process of its own. */
async function compareMemory(url: string): Promise<void> {
  console.log(
    `\nmemory, ${log.events.toLocaleString('en')} events into rows of PostgreSQL (a process each, in turn)`,
  );
  for (let round = 0; round < 2; round += 1) {
    for (const side of ['raw', 'jetsource']) {
      const args = [side, server.url, url, String(log.events), log.last];
      const child = fork(new URL('projection-memory.js', import.meta.url), args, {
        execArgv: ['--expose-gc'],
      });
      await once(child, 'exit');
    }
  }
}

async function part(name: keyof typeof EVENTS, work: () => Promise<void>): Promise<void> {
  await log.growTo(Number(process.env['EVENTS'] ?? EVENTS[name]));
  await work();
}

if (postgres !== undefined) {
  const place = await onPostgres(postgres.url);
  if (isAsked('latency')) await part('latency', async () => compareLatency(place));
  if (isAsked('statements')) await part('statements', async () => compareRebuilds(place, byStatements));
  if (isAsked('rows')) await part('rows', async () => compareRebuilds(place, byRows));
  await place.close();
}
if (isAsked('replay')) await part('replay', compareReplays);
if (isAsked('memory') && postgres !== undefined) {
  await part('memory', async () => compareMemory(postgres.url));
}

await log.close();
await postgres?.stop();
await server.stop();
