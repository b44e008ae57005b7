import { Projections } from '../../src/projection/projections.js';
import { defineProjection } from '../../src/projection/definition/define-projection.js';
import type { ProjectionDefinition } from '../../src/projection/definition/projection-definition.js';
import { pglite } from '../../src/postgres/pglite.js';
import { postgresProjectionStore } from '../../src/postgres/postgres-projection-store.js';
import type { ProjectionLog } from '../projection/projection-log.js';
import { OrderPlaced, orderLog, orderStream } from '../projection/orders.js';
import { describeOn, SQL_KINDS, type SqlTx, type TestDatabase } from '../support/postgres/sql-databases.js';

const quick = { timeoutMs: 5_000 };
let db: TestDatabase;
let log: ProjectionLog;

/** Sums by customer in a table. `after` runs after each write, inside the transaction. */
function sums(after?: (customer: string, tx: SqlTx) => Promise<unknown> | void): ProjectionDefinition<SqlTx> {
  return defineProjection({
    name: 'sums',
    categories: ['order'],
    // a store of its own, as another process has it
    store: postgresProjectionStore(db.database, { schemas: false }),
    setUp: (tx) =>
      tx.query('create table if not exists customer_sum (customer text primary key, amount int not null)'),
    clear: (tx) => tx.query('delete from customer_sum'),
    events: { OrderPlaced },
    on: {
      OrderPlaced: async ({ data }, tx) => {
        await tx.query(
          `insert into customer_sum values ($1, $2)
           on conflict (customer) do update set amount = customer_sum.amount + excluded.amount`,
          [data.customer, data.amount],
        );
        await after?.(data.customer, tx);
      },
    },
  });
}

async function model(): Promise<Record<string, number>> {
  const rows = await db.query('select * from customer_sum order by customer');
  return Object.fromEntries(rows.map(({ customer, amount }) => [String(customer), Number(amount)]));
}

async function checkpoint(): Promise<{ epoch: number; position: string | null } | undefined> {
  const [row] = await db.query('select epoch, position from jetsource_checkpoint');
  return row && { epoch: Number(row['epoch']), position: row['position'] as string | null };
}

async function live(definition = sums()): Promise<Projections> {
  const projections = new Projections(log, [definition]);
  await projections.start();
  await projections.waitUntilLive(quick);
  return projections;
}

async function place(customer: string, amount = 1): ReturnType<ProjectionLog['append']> {
  return log.append(orderStream, [new OrderPlaced(customer, amount)]);
}

for (const kind of SQL_KINDS) {
  describeOn(kind, 'a projection with its model', () => {
    beforeAll(async () => {
      db = await kind.open();
    });
    beforeEach(async () => {
      await db.reset();
      log = orderLog();
    });
    afterAll(() => db.close());

    it('commits model and checkpoint in one transaction', async () => {
      await place('ada', 2);
      await using projections = await live();
      const { position } = await place('ada', 3);
      await projections.waitFor('sums', position, quick);
      expect(await model()).toEqual({ ada: 5 });
      expect(await checkpoint()).toEqual({ epoch: 1, position: '2.0' });
    });

    it('writes neither when a handler fails after its write', async () => {
      await place('ada');
      await place('bob');
      await using projections = new Projections(log, [
        sums((customer) => {
          if (customer === 'bob') throw new TypeError('no bob');
        }),
      ]);
      await projections.start();
      await expect(projections.waitUntilLive(quick)).rejects.toMatchObject({ code: 'projection-failed' });
      expect(await model()).toEqual({ ada: 1 });
      expect(await checkpoint()).toEqual({ epoch: 1, position: '1.0' });
    });

    it('does not count a transaction as committed when a swallowed SQL error has aborted it', async () => {
      await place('ada');
      await using projections = new Projections(log, [
        sums((_, tx) => tx.query('select 1 / 0').catch(() => undefined)),
      ]);
      await projections.start();
      await expect(projections.waitUntilLive(quick)).rejects.toThrow('could not be committed');
      expect(await checkpoint()).toEqual({ epoch: 1, position: null });
    });

    it('has each event once while two instances run it', async () => {
      await place('ada');
      await using old = await live();
      await using young = await live();
      const { position } = await place('ada');
      await young.waitFor('sums', position, quick);
      // whether it takes over again, or stands still
      await old.waitFor('sums', position, quick).catch(() => undefined);
      expect(await model()).toEqual({ ada: 2 });
      expect(await checkpoint()).toMatchObject({ position: '2.0' });
    });

    it('resumes after a restart', async () => {
      await place('ada');
      const first = await live();
      await first.stop();
      await place('ada', 4);
      await using second = await live();
      expect(second.status()[0]).toMatchObject({ state: 'live', position: '2.0' });
      expect(await model()).toEqual({ ada: 5 });
    });

    it('clears the rows for a rebuild', async () => {
      for (const customer of ['ada', 'bob', 'ada']) await place(customer);
      await using projections = await live();
      await db.query(`insert into customer_sum values ('stale', 9)`);
      expect(await projections.rebuild('sums')).toMatchObject({ events: 3, commits: 3 });
      expect(await model()).toEqual({ ada: 2, bob: 1 });
      expect(await checkpoint()).toMatchObject({ position: '3.0' });
    });

    it('rebuilds from a time and from a sequence', async () => {
      for (let i = 0; i < 50; i++) {
        log.now = 1_000 * i;
        await place(`c${i % 7}`, i);
      }
      const expected: Record<string, number> = {};
      for (let i = 20; i < 50; i++) expected[`c${i % 7}`] = (expected[`c${i % 7}`] ?? 0) + i;
      await using projections = await live();
      await projections.rebuild('sums', { from: { time: new Date(20_000) } });
      expect(await model()).toEqual(expected);
      await projections.rebuild('sums', { from: { sequence: 21 } });
      expect(await model()).toEqual(expected);
    });

    it.each([
      ['start_at', 'after:3.1'],
      ['position', 'third'],
    ])('stops at a %s of %s in the table, which nobody wrote', async (column, value) => {
      await using projections = await live();
      await projections.stop();
      await db.query(`update jetsource_checkpoint set ${column} = $1`, [value]);
      await projections.start();
      await expect(projections.waitUntilLive(quick)).rejects.toMatchObject({
        code: 'projection-failed',
        cause: { code: 'corrupt-checkpoint', projection: 'sums', version: 1, column },
        message: expect.stringContaining(`${column} is "${value}"`) as string,
      });
    });
  });
}

describe('pglite', () => {
  it('refuses a PGlite that is none', () => {
    expect(() => pglite({} as never)).toThrow('database must be a PGlite database');
  });
});
