// The model that all contenders build: orders and their amount by customer.
import { defineProjection, type ProjectionDefinition, type ProjectionStore } from 'jetsource';
import { OrderPlaced, type RawOrder } from './order-log.js';

/** The statements on a table of the model. */
export function sqlFor(table: string): { create: string; clear: string; one: string; many: string } {
  const add = `on conflict (customer) do update set
  orders = t.orders + excluded.orders, amount = t.amount + excluded.amount`;
  return {
    create: `create table if not exists ${table}
  (customer text primary key, orders int not null, amount bigint not null)`,
    clear: `delete from ${table}`,
    one: `insert into ${table} as t values ($1, 1, $2) ${add}`,
    many: `insert into ${table} as t select * from unnest($1::text[], $2::int[], $3::bigint[]) ${add}`,
  };
}

export interface Sums {
  orders: number;
  amount: number;
}

/** What a driver's transaction needs to have here. */
export interface Queries {
  query(sql: string, parameters?: unknown[]): Promise<unknown>;
}

/** The fold by hand. */
export function add(sums: Map<string, Sums>, { data }: Pick<RawOrder, 'data'>): void {
  const found = sums.get(data.customer);
  if (found === undefined) {
    sums.set(data.customer, { orders: 1, amount: data.amount });
    return;
  }
  found.orders += 1;
  found.amount += data.amount;
}

export const live = defineProjection({
  name: 'live',
  categories: ['order'],
  initial: () => new Map<string, Sums>(),
  events: { OrderPlaced },
  on: { OrderPlaced: (sums, { data }) => add(sums, { data }) },
});

/** The model in row style, in a table of its name. */
export function rows<Tx extends Queries>(
  store: ProjectionStore<Tx>,
  name = 'rows',
): ProjectionDefinition<Tx> {
  return defineProjection({
    name,
    categories: ['order'],
    store,
    setUp: (tx) => tx.query(sqlFor(name).create),
    events: { OrderPlaced },
    table: name,
    keyColumn: 'customer',
    key: ({ data }) => data.customer,
    on: {
      OrderPlaced: (row: Sums = { orders: 0, amount: 0 }, { data }) => ({
        orders: row.orders + 1,
        amount: row.amount + data.amount,
      }),
    },
  });
}

/** The model in statement style, in a table of its name. */
export function statements<Tx extends Queries>(
  store: ProjectionStore<Tx>,
  name = 'statements',
): ProjectionDefinition<Tx> {
  const sql = sqlFor(name);
  return defineProjection({
    name,
    categories: ['order'],
    store,
    setUp: (tx) => tx.query(sql.create),
    clear: (tx) => tx.query(sql.clear),
    events: { OrderPlaced },
    on: { OrderPlaced: async ({ data }, tx) => void (await tx.query(sql.one, [data.customer, data.amount])) },
  });
}
