import { type EventStore, type Position, streamName } from '../../src/index.js';
import { slotOf } from '../../src/event/slot.js';
import { slotsOfLane } from '../../src/lane/lane-slots.js';
import { openStore, sharedServerUrl, uniqueStoreName } from '../shared-server.js';
import { until } from '../support/collect.js';
import { Counted, ORDER_EVENTS } from '../support/order-events.js';
import {
  databaseUrl,
  describeOn,
  openPostgres,
  POSTGRES,
  type TestDatabase,
} from '../support/postgres/sql-databases.js';
import { checkTally, countHandled, freshFold, type Handled, handledBy } from './check-tally.js';
import type { Tally } from './tallies.js';
import { TallyProcess, type TallySettings } from './tally-process.js';

/** Within this time another process handles what one that was killed would have handled. */
const TAKEN_OVER_MS = 5_000;
const PATIENCE_MS = 30_000;
const STREAMS = 40;

const LANES = 3;
const statements: Tally = { name: 'statements', style: 'statements', lanes: LANES };
const rows: Tally = { name: 'rows', style: 'rows' };

describeOn(POSTGRES, 'instances of a service that run the same projections', () => {
  const processes: TallyProcess[] = [];
  let name: string;
  let url: string;
  let db: TestDatabase;
  let store: EventStore;
  let writing: AbortController;
  let written: Promise<void>;
  let n: number;

  beforeEach(async () => {
    name = uniqueStoreName();
    url = await databaseUrl();
    db = await openPostgres(url);
    store = await openStore({ name, events: ORDER_EVENTS });
    writing = new AbortController();
    written = Promise.resolve();
    n = 0;
  });

  afterEach(async () => {
    writing.abort();
    await Promise.all(processes.splice(0).map((each) => each.kill()));
    await written.catch(() => undefined);
    await db.close();
  });

  function start(member: string, tallies: readonly Tally[], more: Partial<TallySettings> = {}): TallyProcess {
    const started = new TallyProcess({
      servers: sharedServerUrl(),
      name,
      database: url,
      member,
      tallies,
      ...more,
    });
    processes.push(started);
    return started;
  }

  /** It knows that another process runs the projection, and how that is doing. */
  const standsBy = (one: TallyProcess, projection: string): boolean =>
    one.stateOf(projection) === 'live' && one.lanesOf(projection).length === 0;

  async function append(): Promise<Position | undefined> {
    n += 1;
    return (await store.append(streamName('tally', `${n % STREAMS}`), [new Counted(n)])).position;
  }

  /** Appends to all streams, again and again. */
  function keepWriting(): void {
    written = (async () => {
      while (!writing.signal.aborted) for (let i = 0; i < 5; i += 1) await append();
    })();
  }

  /** Ends the writing, and waits until all is handled. */
  async function untilAllIsHandled(...tallies: Tally[]): Promise<void> {
    writing.abort();
    await written;
    for (const tally of tallies) {
      await until(
        `all is handled by ${tally.name}`,
        async () => (await countHandled(db, tally)) >= n,
        PATIENCE_MS,
      );
    }
  }

  async function expectEachOnce(...tallies: Tally[]): Promise<void> {
    const fold = await freshFold(store);
    expect(fold.events.size).toBe(n);
    for (const tally of tallies) expect(await checkTally(db, tally, fold)).toEqual([]);
  }

  const laneOf = ({ stream }: Handled): number => {
    const [category = '', ...id] = stream.split('/');
    const slot = slotOf(streamName(category, id.join('/')));
    return Array.from({ length: LANES }, (_, lane) => lane).findIndex((lane) =>
      slotsOfLane({ lane, lanes: LANES }).includes(slot),
    );
  };

  it('divide the lanes, and take over within 5 s from one that is killed; each event is handled once', async () => {
    keepWriting();
    const tallies = [statements, rows];
    const [a, b, c] = ['a', 'b', 'c'].map((member) => start(member, tallies)) as [
      TallyProcess,
      TallyProcess,
      TallyProcess,
    ];
    const owned = (): number[] =>
      processes
        .flatMap((each) => (each.hasEnded ? [] : each.lanesOf('statements')))
        .toSorted((x, y) => x - y);
    const isWhole = (): boolean => String(owned()) === '0,1,2';
    await until(
      'each has a lane',
      () => isWhole() && [a, b, c].every((each) => each.lanesOf('statements').length === 1),
      PATIENCE_MS,
    );
    const took: number[] = [];
    for (const victim of [a, b]) {
      await until(
        `${victim.member} handles`,
        async () => (await handledBy(db, statements)).some(({ member }) => member === victim.member),
        PATIENCE_MS,
      );
      const lanes = victim.lanesOf('statements');
      const killedAt = Date.now();
      await victim.kill();
      for (const lane of lanes) {
        let next: Handled | undefined;
        await until(
          `lane ${lane} of ${victim.member} is taken over`,
          async () => {
            const handled = await handledBy(db, statements);
            next = handled.find(
              (each) => each.at > killedAt && each.member !== victim.member && laneOf(each) === lane,
            );
            return next !== undefined;
          },
          PATIENCE_MS,
        );
        took.push((next as unknown as Handled).at - killedAt);
      }
      await until('all lanes are run', isWhole, PATIENCE_MS);
    }
    await untilAllIsHandled(...tallies);
    await expectEachOnce(...tallies);
    expect(Math.max(...took)).toBeLessThan(TAKEN_OVER_MS);
  }, 90_000);

  it('take over from one that is suspended for longer than its lease, which then cannot write', async () => {
    const tally: Tally = { name: 'suspended', style: 'statements' };
    const a = start('a', [tally]);
    await until('the first runs it', () => a.stateOf('suspended') === 'live', PATIENCE_MS);
    const b = start('b', [tally]);
    await until('the other stands by', () => standsBy(b, 'suspended'), PATIENCE_MS);
    for (let i = 0; i < 20; i += 1) await append();
    await until('all is handled', async () => (await countHandled(db, tally)) === n, PATIENCE_MS);
    a.signal('SIGSTOP');
    for (let i = 0; i < 20; i += 1) await append();
    await until('the other handles', async () => (await countHandled(db, tally)) === n, PATIENCE_MS);
    // it may claim the checkpoint for a moment before it learns who has the lease, and writes nothing
    const checkpoint = 'select position from jetsource_checkpoint';
    const before = await db.query(checkpoint);
    a.signal('SIGCONT');
    await until('the first stands by', () => standsBy(a, 'suspended'), PATIENCE_MS);
    expect(await db.query(checkpoint)).toEqual(before);
    for (let i = 0; i < 20; i += 1) await append();
    await until('all is handled', async () => (await countHandled(db, tally)) === n, PATIENCE_MS);
    await expectEachOnce(tally);
    const members = (await handledBy(db, tally)).map(({ member }) => member);
    expect(members).toEqual([...Array<string>(20).fill('a'), ...Array<string>(40).fill('b')]);
    expect([a.hasEnded, b.stateOf('suspended')]).toEqual([false, 'live']);
  }, 90_000);

  it.each(['statements', 'rows'] as const)(
    'take over from one that is frozen in a transaction (%s) when the database ends that',
    async (style) => {
      const idleTransactionMs = 4_000;
      const tally: Tally = { name: 'frozen', style };
      const freezeAt = 30;
      const a = start('a', [tally], { freezeAt, idleTransactionMs });
      await until('the first runs it', () => a.stateOf('frozen') === 'live', PATIENCE_MS);
      const b = start('b', [tally], { idleTransactionMs });
      await until('the other stands by', () => standsBy(b, 'frozen'), PATIENCE_MS);
      for (let i = 0; i < 40; i += 1) await append();
      await until('it is frozen', () => a.reached === freezeAt, PATIENCE_MS);
      const held = `select 1 from pg_stat_activity where state = 'idle in transaction' and datname = current_database()`;
      expect(await db.query(held)).toHaveLength(1);
      await until('the other handles', async () => (await countHandled(db, tally)) === n, PATIENCE_MS);
      expect(await db.query(held)).toEqual([]);
      a.signal('SIGCONT');
      await until('the first stands by', () => standsBy(a, 'frozen'), PATIENCE_MS);
      for (let i = 0; i < 20; i += 1) await append();
      await until('all is handled', async () => (await countHandled(db, tally)) === n, PATIENCE_MS);
      await expectEachOnce(tally);
      const late = (await handledBy(db, tally)).slice(freezeAt - 1);
      expect(new Set(late.map(({ member }) => member))).toEqual(new Set(['b']));
      expect(a.hasEnded).toBe(false);
    },
    90_000,
  );
});
