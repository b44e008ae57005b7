import { defineProjection } from '../../src/projection/definition/define-projection.js';
import type { ProjectionDefinition } from '../../src/projection/definition/projection-definition.js';
import { postgresProjectionStore } from '../../src/postgres/postgres-projection-store.js';
import {
  projectionSpecification,
  type ProjectionSpecification,
} from '../../src/testing/projection/projection-specification.js';
import { OrderPlaced } from '../projection/orders.js';
import { rejection } from '../support/collect.js';
import { describeOn, SQL_KINDS, type SqlTx, type TestDatabase } from '../support/postgres/sql-databases.js';

const CREATE = `create table if not exists customer_sum
  (customer text primary key, amount int not null, note text, changed timestamptz)`;
const ada = new OrderPlaced('ada', 2);
const bob = new OrderPlaced('bob', 3);
const slow = { timeoutMs: 20_000 };

for (const kind of SQL_KINDS) {
  describeOn(kind, 'given events, then rows', () => {
    let db: TestDatabase;

    beforeAll(async () => {
      db = await kind.open();
    });
    beforeEach(async () => db.reset());
    afterAll(() => db.close());

    /** In statement style; `changed` is the SQL of a column. */
    function sums({
      version = 1,
      changed = 'null',
      before = (): void => undefined,
    } = {}): ProjectionDefinition<SqlTx> {
      return defineProjection({
        name: 'sums',
        version,
        store: postgresProjectionStore(db.database),
        setUp: (tx) => tx.query(CREATE),
        clear: (tx) => tx.query('delete from customer_sum'),
        events: { OrderPlaced },
        on: {
          OrderPlaced: async ({ data }, tx) => {
            before();
            await tx.query(
              `insert into customer_sum values ($1, $2, null, ${changed})
               on conflict (customer) do update set amount = customer_sum.amount + excluded.amount`,
              [data.customer, data.amount * version],
            );
          },
        },
      });
    }

    function rowSums(lanes: number): ProjectionDefinition<SqlTx> {
      return defineProjection({
        name: 'row-sums',
        store: postgresProjectionStore(db.database),
        lanes,
        setUp: (tx) => tx.query(CREATE),
        table: 'customer_sum',
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

    function placed(definition: ProjectionDefinition<SqlTx>): ProjectionSpecification<SqlTx> {
      return projectionSpecification(definition, slow)
        .given('order/1', [bob, ada])
        .live()
        .given('order/2', [ada]);
    }

    async function messageOf(failing: Promise<unknown>): Promise<string> {
      return String(await rejection(failing));
    }

    const rows = async (tx: SqlTx): Promise<object[]> => (await tx.query('select * from customer_sum')).rows;

    it('reads the rows of statements, from an empty model each time', async () => {
      const spec = placed(sums());
      const expected = [
        { customer: 'ada', amount: 4 },
        { customer: 'bob', amount: 3 },
      ];
      expect(await spec.thenRows(rows, expected)).toBeUndefined();
      expect(await spec.thenRows(rows, expected)).toBeUndefined();
      expect(await spec.thenModel(async (tx) => expect(await rows(tx)).toHaveLength(2))).toBeUndefined();
      expect(await messageOf(spec.thenRows(rows, []))).toContain("customer: 'ada'");
    });

    it('reads the rows of a version that is built beside the one that readers see', async () => {
      expect(
        await placed(sums()).thenRows(rows, [
          { customer: 'ada', amount: 4 },
          { customer: 'bob', amount: 3 },
        ]),
      ).toBeUndefined();
      expect(
        await placed(sums({ version: 2 })).thenRows(rows, [
          { customer: 'ada', amount: 8 },
          { customer: 'bob', amount: 6 },
        ]),
      ).toBeUndefined();
    });

    it('folds rows in lanes, repeats their transactions and rebuilds them', async () => {
      const spec = placed(rowSums(2));
      expect(await spec.thenRepeatable(rows)).toBeUndefined();
      expect(
        await spec.thenRows(rows, [
          { customer: 'ada', amount: 4 },
          { customer: 'bob', amount: 3 },
        ]),
      ).toBeUndefined();
    });

    it('repeats the transactions of statements and rebuilds them, more than once', async () => {
      const spec = placed(sums());
      expect(await spec.thenRepeatable(rows)).toBeUndefined();
      expect(await spec.thenRepeatable(rows)).toBeUndefined();
    });

    it('begins again after a rebuild that has failed', async () => {
      let calls = 0;
      const before = (): void => {
        calls += 1;
        // three events, and the same ones twice
        if (calls > 9) throw new TypeError('too often');
      };
      const message = await messageOf(placed(sums({ before })).thenRepeatable(rows));
      expect(message).toMatch(/failed when its transactions were repeated or it was rebuilt: .*too often/);
      expect(
        await placed(sums()).thenRows(rows, [
          { customer: 'ada', amount: 4 },
          { customer: 'bob', amount: 3 },
        ]),
      ).toBeUndefined();
      expect(await placed(sums()).thenRepeatable(rows)).toBeUndefined();
    });

    it('finds the time of day in rows', async () => {
      const message = await messageOf(placed(sums({ changed: 'clock_timestamp()' })).thenRepeatable(rows));
      expect(message).toMatch(/rolled back once and repeated[^]*changed/);
    });

    it('asks for a function that reads the rows', async () => {
      const spec = placed(sums());
      expect(await messageOf(spec.thenRows('customer_sum', []))).toContain('read must be a function');
      expect(await messageOf(spec.thenRepeatable())).toContain('read must be a function');
    });

    it('fails at once when a statement is wrong', async () => {
      const message = await messageOf(placed(sums({ changed: 'no_such_column' })).thenRepeatable(rows));
      expect(message).toMatch(/failed: the handler of OrderPlaced failed at 1\.0.*no_such_column/);
    });
  });
}
