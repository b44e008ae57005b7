import { type EventStore, Projections } from '../../src/index.js';
import { postgresProjectionStore } from '../../src/postgres.js';
import { openStore, sharedServerUrl, uniqueStoreName } from '../shared-server.js';
import { until } from '../support/collect.js';
import { ORDER_EVENTS } from '../support/order-events.js';
import {
  databaseUrl,
  describeOn,
  openPostgres,
  POSTGRES,
  type TestDatabase,
} from '../support/postgres/sql-databases.js';
import { countHandled } from './check-tally.js';
import { type Tally, tallyProjection } from './tallies.js';
import { appendCounted, faultsOf, PATIENCE_MS } from './tally-bench.js';
import { TallyProcess, type TallySettings } from './tally-process.js';

const STORED = 1_500;

describeOn(POSTGRES, 'a new version that is deployed while events come in', () => {
  const processes: TallyProcess[] = [];

  afterEach(() => Promise.all(processes.splice(0).map((each) => each.kill())));

  it('is built once, also when its process is killed, and readers see a whole model all the time', async () => {
    const name = uniqueStoreName();
    const database = await databaseUrl();
    const db: TestDatabase = await openPostgres(database);
    const store: EventStore = await openStore({ name, events: ORDER_EVENTS });
    const [one, two] = [1, 2].map((version): Tally => ({
      name: 'versions',
      style: 'statements',
      version,
    })) as [Tally, Tally];
    const start = (member: string, tally: Tally, more: Partial<TallySettings> = {}): TallyProcess => {
      const settings = { servers: sharedServerUrl(), name, database, member, tallies: [tally], ...more };
      const started = new TallyProcess(settings);
      processes.push(started);
      return started;
    };
    await appendCounted(store, 1, STORED);
    const serving = start('one', one);
    await until('version 1 serves', () => serving.stateOf('versions') === 'live', PATIENCE_MS);

    const ending = new AbortController();
    let n = STORED;
    const written = (async () => {
      while (!ending.signal.aborted) await appendCounted(store, (n += 1), n);
    })();
    const seen: number[] = [];
    const isWrong: string[] = [];
    const read = (async () => {
      while (!ending.signal.aborted) {
        const [row] = await db.query(
          'select sum(count)::int as total, min(version) as oldest, max(version) as newest from tally_versions',
        );
        if (Number(row?.['total']) < STORED || row?.['oldest'] !== row?.['newest'])
          isWrong.push(JSON.stringify(row));
        seen.push(Number(row?.['newest']));
      }
    })();

    const killed = start('killed', two, { killAt: 700 });
    await until('it is killed', () => killed.hasEnded, PATIENCE_MS);
    expect(killed.reached).toBeDefined();
    expect(seen.at(-1)).toBe(1);
    const [checkpoint] = await db.query(
      'select position from jetsource_checkpoint where version = 2 and position is not null',
    );
    const resumed = [start('resumed', two), start('beside', two)];
    await until('version 2 serves', () => seen.at(-1) === 2, PATIENCE_MS);
    ending.abort();
    await Promise.all([written, read]);
    await until('all is handled', async () => (await countHandled(db, two)) === n, PATIENCE_MS);
    expect(isWrong).toEqual([]);
    expect(seen.toSorted((a, b) => a - b)).toEqual(seen);
    expect(await faultsOf(db, two, store)).toEqual([]);
    // each event once, without those that the one that was killed had handled
    await until('all calls are told', () => resumed.some(({ calls }) => calls > 0));
    const noted = await db.query(
      `select member, count(*)::int as count from handled_versions group by member`,
    );
    const countBy = new Map(noted.map(({ member, count }) => [member, Number(count)]));
    const first = countBy.get('killed') ?? 0;
    expect(first > 0).toBe(checkpoint !== undefined);
    await until(
      'no call was made twice',
      () => resumed.reduce((sum, { calls }) => sum + calls, 0) === n - first,
    );

    const models = postgresProjectionStore(db.database);
    const definitions = [tallyProjection(one, { store: models, member: 'reader' })];
    await new Projections(store, definitions).serve({ name: 'versions', version: 1 });
    const [row] = await db.query(
      'select sum(count)::int as total, max(version) as version from tally_versions',
    );
    expect(row).toEqual({ total: n, version: 1 });
    await db.close();
  }, 90_000);
});
