import { cp, mkdtemp, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type EventStore, Projections } from '../../src/index.js';
import { postgresProjectionStore } from '../../src/postgres.js';
import { type NatsServer, startNatsServer } from '../../src/testing.js';
import { openStore, uniqueStoreName } from '../shared-server.js';
import { ORDER_EVENTS } from '../support/order-events.js';
import {
  databaseUrl,
  describeOn,
  openPostgres,
  POSTGRES,
  type TestDatabase,
} from '../support/postgres/sql-databases.js';
import { handledBy } from './check-tally.js';
import { type Tally, tallyProjection } from './tallies.js';
import { appendCounted, faultsOf, PATIENCE_MS, statusWhen } from './tally-bench.js';

const long = { timeoutMs: PATIENCE_MS };

describeOn(POSTGRES, 'a store whose folder was replaced by an older copy', () => {
  let folder: string;
  let server: NatsServer;
  let store: EventStore;
  let db: TestDatabase;
  let projections: Projections;
  const tally: Tally = { name: 'copied', style: 'statements' };

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'jetsource-copy-'));
    server = await startNatsServer({ ownProcess: true, storeDir: join(folder, 'current') });
    store = await openStore({ servers: server.url, name: uniqueStoreName(), events: ORDER_EVENTS });
    db = await openPostgres(await databaseUrl());
    const models = postgresProjectionStore(db.database);
    projections = new Projections(store, [tallyProjection(tally, { store: models, member: 'a' })]);
  });

  afterEach(async () => {
    await projections.stop();
    await store.close();
    await server.stop();
    await db.close();
    await rm(folder, { recursive: true, force: true });
  });

  /** Ten events of which the copy holds five. */
  async function replaceByCopy(whileDown: () => Promise<void>): Promise<void> {
    const [current, copy] = [join(folder, 'current'), join(folder, 'copy')];
    await projections.start();
    await projections.waitFor('copied', await appendCounted(store, 1, 5), long);
    await server.kill('SIGTERM');
    await cp(current, copy, { recursive: true });
    await server.restart();
    await projections.waitFor('copied', await appendCounted(store, 6, 10), long);
    await whileDown();
    await server.kill('SIGTERM');
    await rm(current, { recursive: true });
    await rename(copy, current);
    await server.restart();
  }

  async function divergedAndHealed(): Promise<unknown> {
    const before = await handledBy(db, tally);
    expect(before).toHaveLength(10);
    const { error } = await statusWhen(projections, 'copied', ({ state }) => state === 'diverged');
    expect(error).toMatchObject({ code: 'projection-diverged', projection: 'copied' });
    expect(error?.message).toMatch(/10\.0.*rebuild/);
    expect(await handledBy(db, tally)).toEqual(before);
    await projections.rebuild('copied');
    expect(await faultsOf(db, tally, store)).toEqual([]);
    await projections.waitFor('copied', await appendCounted(store, 31, 33), long);
    return faultsOf(db, tally, store);
  }

  it('stops a projection that runs meanwhile, before an event with an old sequence is handled', async () => {
    await replaceByCopy(async () => undefined);
    await appendCounted(store, 21, 30);
    expect(await divergedAndHealed()).toEqual([]);
  }, 60_000);

  it('stops a projection that is started afterwards', async () => {
    await replaceByCopy(async () => projections.stop());
    await appendCounted(store, 21, 30);
    await projections.start();
    expect(await divergedAndHealed()).toEqual([]);
  }, 60_000);
});
