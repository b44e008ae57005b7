import { defineProjection } from '../../src/projection/definition/define-projection.js';
import type { ProjectionDefinition } from '../../src/projection/definition/projection-definition.js';
import type { ControlRequest } from '../../src/projection/operation/control-record.js';
import { Controls } from '../../src/projection/operation/controls.js';
import { Projections } from '../../src/projection/projections.js';
import { postgresProjectionStore } from '../../src/postgres/postgres-projection-store.js';
import type { ProjectionLog } from '../projection/projection-log.js';
import { OrderPlaced, orderLog, orderStream } from '../projection/orders.js';
import { describeOn, SQL_KINDS, type SqlTx, type TestDatabase } from '../support/postgres/sql-databases.js';
import { streamName } from '../../src/event/stream-name.js';

const WITH_TEXT =
  'create table if not exists customer_sum (note text, customer text primary key, amount int not null)';
const SCHEMAS = `select nspname from pg_namespace where nspname like 'sums%' order by nspname`;
const quick = { timeoutMs: 15_000 };

async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isSo())) await new Promise((resolve) => setTimeout(resolve, 10));
}

for (const kind of SQL_KINDS) {
  describeOn(kind, 'a projection whose versions stand side by side', () => {
    let db: TestDatabase;
    let log: ProjectionLog;

    beforeAll(async () => {
      db = await kind.open();
    });
    beforeEach(async () => {
      await db.reset();
      log = orderLog();
    });
    afterAll(() => db.close());

    /** Each version counts the amounts as often as its number. */
    function sums(version: number): ProjectionDefinition<SqlTx> {
      return defineProjection({
        name: 'sums',
        version,
        categories: ['order'],
        store: postgresProjectionStore(db.database),
        setUp: (tx) =>
          tx.query(
            'create table if not exists customer_sum (customer text primary key, amount int not null)',
          ),
        clear: (tx) => tx.query('delete from customer_sum'),
        events: { OrderPlaced },
        on: {
          OrderPlaced: async ({ data }, tx) => {
            await tx.query(
              `insert into customer_sum (customer, amount) values ($1, $2)
               on conflict (customer) do update set amount = customer_sum.amount + excluded.amount`,
              [data.customer, data.amount * version],
            );
          },
        },
      });
    }

    /** The same in rows, in lanes. */
    function rowSums(lanes: number): ProjectionDefinition<SqlTx> {
      return defineProjection({
        name: 'row-sums',
        categories: ['order'],
        store: postgresProjectionStore(db.database),
        lanes,
        setUp: (tx) => tx.query('create table if not exists row_sum (customer text primary key, amount int)'),
        table: 'row_sum',
        keyColumn: 'customer',
        key: ({ data }) => data.customer,
        events: { OrderPlaced },
        on: {
          OrderPlaced: (row: { amount: number } = { amount: 0 }, { data }) => ({
            amount: row.amount + data.amount,
          }),
        },
      });
    }

    async function start(definition: ProjectionDefinition<SqlTx>): Promise<Projections> {
      const projections = new Projections(log, [definition]);
      await projections.start();
      await projections.waitUntilLive(quick);
      return projections;
    }

    async function read(table = 'customer_sum'): Promise<Record<string, unknown>> {
      const rows = await db.query(`select * from ${table} order by customer`);
      return Object.fromEntries(rows.map(({ customer, amount }) => [customer, amount]));
    }

    it('shows readers one version, and then the next when that has caught up', async () => {
      await log.append(orderStream, [new OrderPlaced('ada', 3)]);
      await using one = await start(sums(1));
      expect(await read()).toEqual({ ada: 3 });
      await using two = await start(sums(2));
      expect(await read()).toEqual({ ada: 6 });
      const { position } = await log.append(orderStream, [new OrderPlaced('ada', 1)]);
      await Promise.all([one.waitFor('sums', position, quick), two.waitFor('sums', position, quick)]);
      expect(await read()).toEqual({ ada: 8 });
      expect(await read('sums_v1.customer_sum')).toEqual({ ada: 4 });
    });

    it('stops, and says why, when a view of somebody else keeps readers from the next version', async () => {
      await log.append(orderStream, [new OrderPlaced('ada', 3)]);
      await using one = await start(sums(1));
      await db.query('create view report as select sum(amount) from customer_sum');
      const other = { ...sums(2), setUp: (tx: SqlTx) => tx.query(WITH_TEXT) };
      await using two = new Projections(log, [other]);
      await two.start();
      await expect(two.waitUntilLive(quick)).rejects.toMatchObject({ code: 'projection-failed' });
      const { state, error } = two.status('sums');
      expect(state).toBe('failed');
      expect(error?.message).toContain('view public.report depends on the view public.customer_sum');
      expect(error?.cause).toMatchObject({ code: 'view-in-use', dependents: ['view public.report'] });
      expect(one.status('sums').state).toBe('live');
      await db.query('drop view report');
      await two.start();
      await two.waitUntilLive(quick);
      expect(await read()).toEqual({ ada: 6 });
    });

    it('is rebuilt beside the model that readers see', async () => {
      await log.append(orderStream, [new OrderPlaced('ada', 3), new OrderPlaced('bob', 1)]);
      await using projections = await start(sums(1));
      await db.query(`update sums_v1.customer_sum set amount = 99`);
      await projections.rebuild('sums');
      expect(await read()).toEqual({ ada: 3, bob: 1 });
      expect(await db.query(`select nspname from pg_namespace where nspname like 'sums%'`)).toEqual([
        { nspname: 'sums_v1_b2' },
      ]);
    });

    it('cancels a rebuild that has failed, and can be rebuilt then', async () => {
      await log.append(orderStream, [new OrderPlaced('ada', 3)]);
      let isBroken = false;
      const definition = sums(1);
      const { fold } = definition;
      const breakable: ProjectionDefinition<SqlTx> = {
        ...definition,
        failure: { ...definition.failure, maxAttempts: 1 },
        fold: {
          clear: async (tx) => fold.clear(tx),
          apply: async (tx, batch) => {
            batch.handles(0);
            if (isBroken) throw new TypeError('broken');
            return fold.apply(tx, batch);
          },
        },
      };
      await using owner = await start(breakable);
      await using other = await start(breakable);
      expect(await owner.cancelRebuild('sums')).toBe(false);
      isBroken = true;
      await expect(other.rebuild('sums')).rejects.toMatchObject({ code: 'projection-failed' });
      expect(await db.query(SCHEMAS)).toEqual([{ nspname: 'sums_v1' }, { nspname: 'sums_v1_b2' }]);
      const controls = new Controls(log.records);
      const id = { name: 'sums', version: 1 };
      const request: ControlRequest = { id: 'some', kind: 'cancel', state: 'asked' };
      await controls.change(id, (control) => ({ ...control, request }));
      await until(async () => (await controls.get(id)).request?.state === 'done');
      expect(await db.query(SCHEMAS)).toEqual([{ nspname: 'sums_v1' }]);
      expect(await read()).toEqual({ ada: 3 });
      isBroken = false;
      await owner.rebuild('sums');
      expect(await db.query(SCHEMAS)).toEqual([{ nspname: 'sums_v1_b2' }]);
      expect(await read()).toEqual({ ada: 3 });
    });

    it('tells whoever waits for a rebuild that it was cancelled, also in another process', async () => {
      for (let order = 0; order < 20; order += 1) await log.append(orderStream, [new OrderPlaced('ada', 1)]);
      await using owner = await start(sums(1));
      await using other = await start(sums(1));
      const slow = { batch: 1, maxEventsPerSecond: 1 };
      const failures: Promise<unknown>[] = [];
      const failing = (rebuild: Promise<unknown>): unknown =>
        failures.push(rebuild.catch((error: unknown) => error));
      failing(other.rebuild('sums', slow));
      await until(() => owner.status('sums').rebuild !== undefined);
      await new Promise<void>((resolve) => {
        failing(owner.rebuild('sums', { ...slow, onProgress: () => resolve() }));
      });
      expect(await owner.cancelRebuild('sums')).toBe(true);
      const cancelled = { code: 'projection-failed', message: expect.stringContaining('was cancelled') };
      expect(await Promise.all(failures)).toMatchObject([cancelled, cancelled]);
      expect(await read()).toEqual({ ada: 20 });
      expect(owner.status('sums').state).toBe('live');
    });

    it('is written in rows by several lanes, which lose nothing of each other', async () => {
      for (let order = 0; order < 60; order += 1) {
        await log.append(streamName('order', `${order}`), [new OrderPlaced(`c${order % 3}`, 1)]);
      }
      await using projections = await start(rowSums(4));
      expect(await read('row_sum')).toEqual({ c0: 20, c1: 20, c2: 20 });
      const { position } = await log.append(orderStream, [new OrderPlaced('c0', 5)]);
      await projections.waitFor('row-sums', position, quick);
      expect(await read('row_sum')).toEqual({ c0: 25, c1: 20, c2: 20 });
    });
  });
}
