import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { projectionsCommand } from '../../src/cli/projections-command.js';
import type { Patience, ProjectionsSurroundings } from '../../src/cli/projections/surroundings.js';
import { streamName } from '../../src/event/stream-name.js';
import type { JetStreamEventStore } from '../../src/event-store/jetstream-event-store.js';
import { leaseRecordKey, memberRecordKey } from '../../src/lane/lane-key.js';
import { LaneRunner } from '../../src/lane/lane-runner.js';
import { encodeLease } from '../../src/lane/lease-record.js';
import { encodeMember } from '../../src/lane/member-record.js';
import { postgresProjectionStore } from '../../src/postgres/postgres-projection-store.js';
import { defineProjection } from '../../src/projection/definition/define-projection.js';
import type { ProjectionDefinition } from '../../src/projection/definition/projection-definition.js';
import type { Control } from '../../src/projection/operation/control-record.js';
import { Controls } from '../../src/projection/operation/controls.js';
import { Projections, type ProjectionsOptions } from '../../src/projection/projections.js';
import { FaultyProjectionStore } from '../projection/faulty-projection-store.js';
import { OrderPlaced, OrderShipped, sums } from '../projection/orders.js';
import { openStore, sharedServerUrl, uniqueStoreName } from '../shared-server.js';
import { rejection, until } from '../support/collect.js';
import { SQL_KINDS, type SqlTx } from '../support/postgres/sql-databases.js';
import { RawNats } from '../support/raw-nats.js';

const ID = { name: 'sums', version: 1 };
const HERE = `${hostname()}:${process.pid}`;
const PATIENCE: Patience = { pollMs: 20, takenMs: 10_000, steeredMs: 10_000, failingMs: 10_000 };

let store: JetStreamEventStore;
let database: FaultyProjectionStore;
let open: Projections[];

beforeEach(async () => {
  store = await openStore({ name: uniqueStoreName(), events: [OrderPlaced, OrderShipped] });
  database = new FaultyProjectionStore();
  open = [];
});

afterEach(async () => {
  await Promise.all(open.map(async (projections) => projections.stop()));
  // the test sets it
  process.exitCode = undefined;
});

interface Output {
  readonly lines: string[];
  readonly notes: string[];
}

/** Runs the command, and keeps what it prints, also where it fails. */
async function runInto(
  { lines, notes }: Output,
  args: readonly string[],
  around: Partial<ProjectionsSurroundings> = {},
): Promise<void> {
  const command = projectionsCommand(() => ({
    print: (line) => lines.push(line),
    note: (line) => notes.push(line),
    signal: new AbortController().signal,
    isTerminal: false,
    confirm: async () => false,
    patience: PATIENCE,
    ...around,
  }));
  for (const each of [command, ...command.commands])
    each.exitOverride().configureOutput({ writeErr: () => undefined });
  await command.parseAsync([...args, '--store', store.name, '--servers', sharedServerUrl()], {
    from: 'user',
  });
}

async function run(...args: string[]): Promise<string[]> {
  const output = { lines: [], notes: [] };
  await runInto(output, args);
  return output.lines;
}

async function json(...args: string[]): Promise<Record<string, unknown>[]> {
  return (await run(...args, '--json')).map((line) => JSON.parse(line) as Record<string, unknown>);
}

async function place(customer: string): Promise<void> {
  await store.append(streamName('order', customer), [new OrderPlaced(customer)]);
}

/** Projections as another process has them. */
async function start(
  definitions: readonly ProjectionDefinition[],
  options: ProjectionsOptions = {},
): Promise<Projections> {
  const projections = new Projections(store, definitions, options);
  open.push(projections);
  await projections.start();
  return projections;
}

/** The command sees what an owner tells with its next renewal. */
async function untilTold(state: string, name = 'sums'): Promise<void> {
  await until(`it is told to be ${state}`, async () => (await json('status', name))[0]?.['state'] === state);
}

async function control(): Promise<Control> {
  return new Controls(store.records).get(ID);
}

async function change(to: Partial<Control>): Promise<void> {
  await new Controls(store.records).change(ID, (before) => ({ ...before, ...to }));
}

/** A process that has taken the only lane, and is not heard of again. */
async function ghost(work = 'projection.sums.1.1.db'): Promise<string> {
  const member = randomUUID();
  const since = new Date().toISOString();
  const facts = { host: 'elsewhere', pid: 4711, service: undefined, startedAt: since };
  const record = encodeMember({ ...facts, works: { [work]: 1 }, stuck: [], report: null });
  await store.records.put({ key: memberRecordKey(member), value: record, revision: 0 });
  const lease = encodeLease({ work, lane: 0, member, since });
  await store.records.put({ key: leaseRecordKey({ work, lane: 0 }), value: lease, revision: 0 });
  return member;
}

/** A process that takes the lane, and does nothing. */
function idleWork() {
  return {
    name: 'projection.sums.1.1.db',
    lanes: 1,
    run: async (_: number, signal: AbortSignal) =>
      new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true })),
  };
}

describe('jetsource projections list', () => {
  it('prints who runs what, how far it is, and how old that is', async () => {
    await place('ada');
    const laned = defineProjection({
      name: 'counts',
      version: 2,
      lanes: 2,
      store: new FaultyProjectionStore(),
      clear: async (model) => model.clear(),
      events: { OrderPlaced },
      on: { OrderPlaced: async () => undefined },
    });
    await start([sums(database), laned]);
    await start([sums(database), laned]);
    await untilTold('live');
    await untilTold('live', 'counts');
    const [header, ...rows] = await run('list');
    expect(header).toMatch(/^NAME +VERSION +STATE +OWNERS +LANES +POSITION +LAG +RATE +ETA +HEARD$/);
    expect(rows.map((row) => row.split(/ {2,}/))).toEqual([
      [
        'counts',
        '2',
        'live',
        HERE,
        '2',
        expect.any(String),
        '0 commits, 0 s',
        expect.stringMatching(/^\d+\/s$/),
        '0 s',
        expect.stringMatching(/^[\d.]+ s ago$/),
      ],
      [
        'sums',
        '1',
        'live',
        HERE,
        '1',
        '1.0',
        '0 commits, 0 s',
        expect.stringMatching(/^\d+\/s$/),
        '0 s',
        expect.stringMatching(/^[\d.]+ s ago$/),
      ],
    ]);
    const [counts] = await json('list');
    expect(counts).toMatchObject({ name: 'counts', version: 2, isRun: true, isPaused: false, state: 'live' });
    expect(counts?.['processes']).toHaveLength(2);
    expect(counts?.['lanes']).toEqual([0, 1].map((lane) => expect.objectContaining({ lane, state: 'live' })));
  });

  it('shows no process as owner that has been silent, and says for how long', async () => {
    await ghost();
    expect((await json('list'))[0]).toMatchObject({ isRun: true, processes: [{ host: 'elsewhere' }] });
    await until('it is silent', async () => (await json('list'))[0]?.['isRun'] === false);
    expect((await json('list'))[0]).toMatchObject({
      state: 'not-running',
      processes: [],
      silent: [{ host: 'elsewhere', pid: 4711 }],
    });
    const [, row] = await run('list');
    expect(row).toMatch(
      /^sums {2}1 +not running {2}elsewhere:4711 \(silent for [\d.]+ s\) .* nobody runs it /,
    );
  });

  it('lists what nobody runs any more and somebody has paused', async () => {
    const projections = await start([sums(database)]);
    await projections.pause('sums');
    await projections.stop();
    const [, row] = await run('list');
    expect(row?.split(/ {2,}/)).toEqual([
      'sums',
      '1',
      'paused',
      '-',
      '-',
      '-',
      'nobody runs it',
      '-',
      '-',
      '-',
    ]);
  });

  it('creates nothing where no projection has been run', async () => {
    expect(await run('list')).toEqual(['no projection is known: none has been run on this store']);
    expect(await json('list')).toEqual([]);
    await using raw = await RawNats.open();
    expect(await raw.api(`STREAM.INFO.${store.name}~records`)).toMatchObject({ error: { err_code: 10059 } });
  });
});

describe('jetsource projections status', () => {
  it('prints each lane with its error, the newest version unless one is named', async () => {
    await place('ada');
    const broken = sums(database, {
      version: 2,
      before: () => {
        throw new TypeError('no such table');
      },
    });
    await start([sums(new FaultyProjectionStore()), broken], { onError: () => undefined });
    await until('it has failed', async () => (await json('status', 'sums'))[0]?.['state'] === 'failed');
    const lines = await run('status', 'sums');
    expect(lines[0]).toBe('sums (version 2)');
    expect(lines).toContainEqual(expect.stringMatching(/^error: ProjectionFailedError: .*no such table/));
    expect(lines).toContainEqual(
      expect.stringMatching(new RegExp(`^lane 0: failed, ${HERE}, position: none`)),
    );
    expect((await run('status', 'sums', '--projection-version', '1'))[0]).toBe('sums (version 1)');
  });

  it('names what is known when there is no such projection', async () => {
    await start([sums(database)]);
    for (const args of [
      ['status', 'sum'],
      ['rebuild', 'sum'],
      ['pause', 'sum'],
      ['status', 'sums', '--projection-version', '7'],
    ])
      expect(await rejection(run(...args))).toMatchObject({
        code: 'unknown-projection',
        message: expect.stringContaining('there are: sums (version 1)'),
      });
  });

  it('needs a store that exists', async () => {
    const output = { lines: [], notes: [] };
    const command = projectionsCommand().exitOverride();
    const args = ['list', '--store', uniqueStoreName(), '--servers', sharedServerUrl()];
    expect(await rejection(command.parseAsync(args, { from: 'user' }))).toMatchObject({
      code: 'store-not-found',
    });
    expect(output.lines).toEqual([]);
  });
});

describe('jetsource projections rebuild', () => {
  it('has the model built again, and says when it is done', async () => {
    for (const customer of ['ada', 'bob']) await place(customer);
    await start([sums(database)]);
    await untilTold('live');
    database.model.set('ada', 99);
    expect(await run('rebuild', 'sums')).toEqual([
      expect.stringMatching(/^rebuilt sums \(version 1\) in \d+ ms$/),
    ]);
    expect([...database.model]).toEqual([
      ['ada', 1],
      ['bob', 1],
    ]);
    const [facts] = await json('rebuild', 'sums', '--from-sequence', '2');
    expect(facts).toEqual({ ...ID, rebuilt: true, durationMs: expect.any(Number) });
    expect([...database.model.keys()]).toEqual(['bob']);
    await run('rebuild', 'sums', '--from-time', '2020-01-01T00:00:00Z');
    expect(database.model.size).toBe(2);
    expect(process.exitCode).toBeUndefined();
  });

  it('names on stderr what it waits for', async () => {
    for (let n = 0; n < 6; n += 1) await place(`c${n}`);
    let isSlow = false;
    const gate = new AbortController();
    await start(
      [
        sums(database, {
          before: async (customer) => {
            if (isSlow && customer === 'c3')
              await new Promise((resolve) => gate.signal.addEventListener('abort', resolve));
          },
        }),
      ],
      { stuckAfterMs: 500, onError: () => undefined },
    );
    await untilTold('live');
    isSlow = true;
    const output: Output = { lines: [], notes: [] };
    const done = runInto(output, ['rebuild', 'sums']);
    await until('the handler is named', () => output.notes.some((note) => note.includes('has not returned')));
    isSlow = false;
    gate.abort();
    await done;
    expect(output.lines).toHaveLength(1);
  });

  it('returns at once with --detach', async () => {
    await place('ada');
    await start([sums(database)]);
    await untilTold('live');
    const before = database.checkpoint('sums')?.epoch ?? 0;
    expect(await run('rebuild', 'sums', '--detach')).toEqual([
      expect.stringContaining('asked for a rebuild of sums'),
    ]);
    await until('it is done', async () => (await control()).request?.state === 'done');
    expect(database.checkpoint('sums')?.epoch).toBeGreaterThan(before);
  });

  it('fails with the reason when the rebuild fails', async () => {
    await place('ada');
    let isBroken = false;
    const before = (): void => {
      if (isBroken) throw new TypeError('no such table');
    };
    await start([sums(database, { before })], { onError: () => undefined });
    await untilTold('live');
    isBroken = true;
    expect(await rejection(run('rebuild', 'sums'))).toMatchObject({
      code: 'projection-failed',
      message: expect.stringContaining('no such table'),
    });
    expect(await rejection(run('rebuild', 'sums', '--from-sequence', '99'))).toMatchObject({
      message: expect.stringContaining('within the log'),
    });
  });

  it('asks for nothing when nobody runs the projection', async () => {
    await change({ isPaused: true });
    const error = await rejection(run('rebuild', 'sums'));
    expect(error).toMatchObject({
      code: 'projection-busy',
      message: expect.stringContaining('nobody runs it'),
    });
    expect((await control()).request).toBeUndefined();
  });

  it('takes the request back when nobody takes it', async () => {
    await using runner = new LaneRunner(store.records, store.peers);
    await runner.start([idleWork()]);
    const patience = { ...PATIENCE, takenMs: 300 };
    const output = { lines: [], notes: [] };
    expect(await rejection(runInto(output, ['rebuild', 'sums'], { patience }))).toMatchObject({
      message: expect.stringContaining('nobody took the request within 300 ms'),
    });
    expect((await control()).request).toBeUndefined();
  });

  it('says so when the process that did it is gone', async () => {
    const runner = new LaneRunner(store.records, store.peers);
    await runner.start([idleWork()]);
    const asked = rejection(run('rebuild', 'sums'));
    await until('it is asked for', async () => (await control()).request?.state === 'asked');
    const { request } = await control();
    await change({ request: request && { ...request, state: 'taken' } });
    await runner.stop();
    expect(await asked).toMatchObject({
      code: 'projection-failed',
      message: expect.stringContaining(`process ${HERE}, which did what was asked, is gone`),
    });
  });

  it('says so when another request takes its place', async () => {
    await using runner = new LaneRunner(store.records, store.peers);
    await runner.start([idleWork()]);
    const asked = rejection(run('rebuild', 'sums'));
    await until('it is asked for', async () => (await control()).request?.state === 'asked');
    await change({ request: { id: 'other', kind: 'rebuild', state: 'asked' } });
    expect(await asked).toMatchObject({ message: expect.stringContaining('another request took the place') });
  });

  it('ends when an error does not go away, and tells it at once', async () => {
    await place('ada');
    await start([sums(database)], { onError: () => undefined });
    await untilTold('live');
    // from the moment at which the model is empty
    let isDown = false;
    const transact = database.transact.bind(database);
    database.transact = async (model, work) => {
      if (isDown) throw new TypeError('the database is down');
      const result = await transact(model, work);
      isDown = database.model.size === 0;
      return result;
    };
    const output: Output = { lines: [], notes: [] };
    const patience = { ...PATIENCE, failingMs: 1_000 };
    const error = await rejection(runInto(output, ['rebuild', 'sums'], { patience }));
    database.transact = transact;
    expect(error).toMatchObject({ message: expect.stringContaining('keeps failing') });
    expect(output.notes).toContainEqual(expect.stringContaining('the database is down'));
  });

  it('leaves the rebuild going on Ctrl-C, and says so', async () => {
    await using runner = new LaneRunner(store.records, store.peers);
    await runner.start([idleWork()]);
    const stop = new AbortController();
    const output: Output = { lines: [], notes: [] };
    const ended = runInto(output, ['rebuild', 'sums'], { signal: stop.signal });
    await until('it is asked for', async () => (await control()).request?.state === 'asked');
    stop.abort();
    await ended;
    expect(output.lines).toEqual([]);
    expect(output.notes).toContain(
      'the rebuild of sums (version 1) goes on; see jetsource projections status sums',
    );
    expect(process.exitCode).toBe(130);
    expect((await control()).request?.state).toBe('asked');
  });

  it.each<[string, string[], string]>([
    ['two starts', ['--from-sequence', '1', '--from-time', '2020-01-01'], 'invalid-option'],
    ['a time in the future', ['--from-time', '2999-01-01'], 'invalid-option'],
    ['a time without a zone', ['--from-time', '2020-01-01T00:00:00'], 'commander.invalidArgument'],
    ['a sequence that is none', ['--from-sequence', '0'], 'commander.invalidArgument'],
    ['an unknown flag', ['--from', '1'], 'commander.unknownOption'],
  ])('refuses %s, and asks for nothing', async (_, args, code) => {
    await start([sums(database)]);
    expect(await rejection(run('rebuild', 'sums', ...args))).toMatchObject({ code });
    expect((await control()).request).toBeUndefined();
  });
});

describe('jetsource projections pause and resume', () => {
  it('wait until the owners say that they stand still, or go on', async () => {
    const projections = await start([sums(database)]);
    await start([sums(database)]);
    expect(await run('pause', 'sums')).toEqual(['paused sums (version 1)']);
    expect(projections.status('sums').state).toBe('paused');
    expect((await json('list'))[0]).toMatchObject({ state: 'paused', isPaused: true });
    expect(await json('resume', 'sums')).toEqual([{ ...ID, resumed: true, isRun: true }]);
    await projections.waitUntilLive();
  });

  it('hold for what nobody runs', async () => {
    await change({ isPaused: false });
    expect(await run('pause', 'sums')).toEqual([
      'paused sums (version 1); nobody runs it, it holds for whoever does next',
    ]);
    expect((await control()).isPaused).toBe(true);
  });

  it('say who has not said so in time', async () => {
    await using runner = new LaneRunner(store.records, store.peers);
    await runner.start([idleWork()]);
    const patience = { ...PATIENCE, steeredMs: 200 };
    const output = { lines: [], notes: [] };
    expect(await rejection(runInto(output, ['pause', 'sums'], { patience }))).toMatchObject({
      code: 'wait-timeout',
      message: expect.stringContaining(`lane 0 of ${HERE} is standby; it stays paused all the same`),
    });
    expect((await control()).isPaused).toBe(true);
  });
});

describe('jetsource projections reset', () => {
  it('empties the model of a paused projection, with --yes only where nobody can be asked', async () => {
    await place('ada');
    const projections = await start([sums(database)]);
    await projections.waitUntilLive();
    expect(await rejection(run('reset', 'sums', '--yes'))).toMatchObject({
      code: 'projection-busy',
      message: expect.stringContaining('projections pause sums first'),
    });
    await run('pause', 'sums');
    expect(await rejection(run('reset', 'sums'))).toMatchObject({ code: 'invalid-option', option: '--yes' });
    expect(database.model.size).toBe(1);
    expect(await run('reset', 'sums', '--yes')).toEqual([
      'emptied sums (version 1); it is built again after jetsource projections resume sums',
    ]);
    expect(database.model.size).toBe(0);
    await run('resume', 'sums');
    await until('it is built again', () => database.model.size === 1);
  });

  it('asks whoever sits at the terminal', async () => {
    await place('ada');
    const projections = await start([sums(database)]);
    await projections.waitUntilLive();
    await run('pause', 'sums');
    const questions: string[] = [];
    const answer = (isWanted: boolean): Partial<ProjectionsSurroundings> => ({
      isTerminal: true,
      confirm: async (question) => {
        questions.push(question);
        return isWanted;
      },
    });
    const output = { lines: [], notes: [] };
    expect(await rejection(runInto(output, ['reset', 'sums'], answer(false)))).toMatchObject({
      message: expect.stringContaining('the answer was no'),
    });
    expect(database.model.size).toBe(1);
    await runInto(output, ['reset', 'sums'], answer(true));
    expect(database.model.size).toBe(0);
    expect(questions[0]).toContain('This empties the model of sums (version 1).');
  });
});

describe('jetsource projections on a database with models side by side', () => {
  const kind = SQL_KINDS[0] as (typeof SQL_KINDS)[number];
  let db: Awaited<ReturnType<typeof kind.open>>;

  beforeAll(async () => {
    db = await kind.open();
  });
  beforeEach(async () => db.reset());
  afterAll(async () => db.close());

  const amounts = (version: number): ProjectionDefinition<SqlTx> =>
    defineProjection({
      name: 'sums',
      version,
      store: postgresProjectionStore(db.database),
      setUp: (tx) => tx.query('create table if not exists total (customer text, amount int)'),
      clear: (tx) => tx.query('delete from total'),
      events: { OrderPlaced },
      on: {
        OrderPlaced: async (event, tx) => {
          await tx.query('insert into total values ($1, $2)', [event.data.customer, version]);
        },
      },
    });
  const seen = async (): Promise<unknown> => db.query('select amount from total');

  it('serve lets readers see the version before again, and refuses one that nobody runs', async () => {
    await place('ada');
    const one = await start([amounts(1)]);
    await one.waitUntilLive();
    const two = await start([amounts(2)]);
    await two.waitUntilLive();
    await until('the next version is seen', async () => JSON.stringify(await seen()) === '[{"amount":2}]');
    expect(await run('serve', 'sums', '--projection-version', '1')).toEqual([
      'readers see sums (version 1) now',
    ]);
    expect(await seen()).toEqual([{ amount: 1 }]);
    expect(await rejection(run('serve', 'sums'))).toMatchObject({
      code: 'commander.missingMandatoryOptionValue',
    });
    expect(await rejection(run('serve', 'sums', '--projection-version', '3'))).toMatchObject({
      code: 'unknown-projection',
    });
  });

  it('rebuild makes the next build beside the one that readers see', async () => {
    await place('ada');
    await start([amounts(1)]);
    await untilTold('live');
    await db.query('update sums_v1.total set amount = 99');
    await run('rebuild', 'sums');
    expect(await seen()).toEqual([{ amount: 1 }]);
  });
});

describe('jetsource projections cancel-rebuild', () => {
  it('asks the process that runs the projection, and tells why it is refused', async () => {
    await start([sums(database)], { onError: () => undefined });
    await untilTold('live');
    expect(await rejection(run('cancel-rebuild', 'sums'))).toMatchObject({
      code: 'projection-busy',
      message: expect.stringContaining('keeps models side by side'),
    });
    expect((await control()).request).toMatchObject({ kind: 'cancel', state: 'failed' });
  });
});
