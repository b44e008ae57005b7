import type { PGlite } from '@electric-sql/pglite';
import { sql } from 'drizzle-orm';
import { integer, pgTable, text } from 'drizzle-orm/pg-core';
import { drizzle } from 'drizzle-orm/pglite';
import { type EventStore, Projections, defineProjection } from 'jetsource';
import { postgresProjectionStore } from 'jetsource/postgres';
import { OrderPlaced } from './events.js';
import { withDrizzle } from './with-drizzle.js';

const buyers = pgTable('buyers', {
  name: text().primaryKey(),
  orders: integer().notNull(),
  totalCents: integer('total_cents').notNull(),
});

/** Builds a read model with Drizzle, and reads it. */
export async function buyersByDrizzle(store: EventStore, pglite: PGlite): Promise<object[]> {
  const db = drizzle({ client: pglite });
  const projection = defineProjection({
    name: 'buyers-by-drizzle',
    categories: ['order'],
    store: postgresProjectionStore(withDrizzle(db)),
    setUp: async (tx) =>
      tx.execute(sql`create table if not exists buyers
        (name text primary key, orders integer not null, total_cents integer not null)`),
    clear: async (tx) => tx.delete(buyers),
    events: { OrderPlaced },
    on: {
      OrderPlaced: async ({ data }, tx) => {
        await tx
          .insert(buyers)
          .values({ name: data.customer, orders: 1, totalCents: data.totalCents })
          .onConflictDoUpdate({
            target: buyers.name,
            set: {
              orders: sql`${buyers.orders} + 1`,
              totalCents: sql`${buyers.totalCents} + excluded.total_cents`,
            },
          });
      },
    },
  });
  const projections = new Projections(store, [projection]);
  await projections.start();
  await projections.waitUntilLive({ timeoutMs: 10_000 });
  // a view of the version that serves
  const rows = await db.select().from(buyers).orderBy(buyers.name);
  await projections.stop();
  return rows;
}
