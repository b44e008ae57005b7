import type { PGlite } from '@electric-sql/pglite';
import { type EventStore, Projections, defineProjection } from 'jetsource';
import { postgresProjectionStore } from 'jetsource/postgres';
import { Kysely, PGliteDialect, sql } from 'kysely';
import { OrderPlaced } from './events.js';
import { withKysely } from './with-kysely.js';

interface Schema {
  customers: { name: string; orders: number; total_cents: number };
}

/** Builds a read model with Kysely, and reads it. */
export async function customersByKysely(store: EventStore, pglite: PGlite): Promise<object[]> {
  const db = new Kysely<Schema>({ dialect: new PGliteDialect({ pglite }) });
  const customers = defineProjection({
    name: 'customers-by-kysely',
    categories: ['order'],
    store: postgresProjectionStore(withKysely(db)),
    setUp: async (tx) =>
      tx.schema
        .createTable('customers')
        .ifNotExists()
        .addColumn('name', 'text', (column) => column.primaryKey())
        .addColumn('orders', 'integer', (column) => column.notNull())
        .addColumn('total_cents', 'integer', (column) => column.notNull())
        .execute(),
    clear: async (tx) => tx.deleteFrom('customers').execute(),
    events: { OrderPlaced },
    on: {
      OrderPlaced: async ({ data }, tx) => {
        await tx
          .insertInto('customers')
          .values({ name: data.customer, orders: 1, total_cents: data.totalCents })
          .onConflict((conflict) =>
            conflict.column('name').doUpdateSet({
              orders: sql`customers.orders + 1`,
              total_cents: sql`customers.total_cents + excluded.total_cents`,
            }),
          )
          .execute();
      },
    },
  });
  const projections = new Projections(store, [customers]);
  await projections.start();
  await projections.waitUntilLive({ timeoutMs: 10_000 });
  // a view of the version that serves
  const rows = await db.selectFrom('customers').selectAll().orderBy('name').execute();
  await projections.stop();
  return rows;
}
