import { Inject, Injectable } from '@nestjs/common';
import { PGlite } from '@electric-sql/pglite';
import { defineProjection, type ProjectionDefinition } from 'jetsource';
import { pglite, postgresProjectionStore } from 'jetsource/postgres';
import { OrderPlaced, ParcelShipped } from './events.js';

/** Name of the read model, for waits and rebuilds. */
export const ORDER_LIST = 'order-list';

/** An order in the list. */
export interface ListedOrder {
  readonly id: string;
  readonly customer: string;
  readonly status: 'placed' | 'partly shipped' | 'shipped';
  readonly items: number;
  readonly shipped: number;
  readonly totalCents: number;
  readonly placedAt: string;
  readonly version: number;
}

const COLUMNS = `id, customer, items, shipped, version, total_cents::float8 as "totalCents",
  to_char(placed_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as "placedAt",
  case when shipped = 0 then 'placed' when shipped < items then 'partly shipped' else 'shipped' end as status`;

/** The read model: a table that is updated from the events of the log. */
export function orderList(db: PGlite): ProjectionDefinition {
  return defineProjection({
    name: ORDER_LIST,
    version: 1,
    categories: ['order'],
    store: postgresProjectionStore(pglite(db)),
    setUp: async (tx) =>
      tx.query(`create table if not exists order_list (
        id text primary key, customer text not null, items int not null, shipped int not null default 0,
        total_cents bigint not null, placed_at timestamptz not null, version int not null)`),
    clear: async (tx) => tx.query('delete from order_list'),
    events: { OrderPlaced, ParcelShipped },
    on: {
      OrderPlaced: async ({ stream, data, time, version }, tx) => {
        const total = data.items.reduce((sum, item) => sum + item.quantity * item.priceCents, 0);
        await tx.query(
          'insert into order_list (id, customer, items, total_cents, placed_at, version) values ($1, $2, $3, $4, $5, $6)',
          [stream.id, data.customer, data.items.length, total, time, version],
        );
      },
      ParcelShipped: async ({ stream, data, version }, tx) => {
        await tx.query('update order_list set shipped = shipped + $2, version = $3 where id = $1', [
          stream.id,
          data.skus.length,
          version,
        ]);
      },
    },
  });
}

/** Queries on the read model. */
@Injectable()
export class OrderList {
  constructor(@Inject(PGlite) private readonly db: PGlite) {}

  async find(id: string): Promise<ListedOrder | undefined> {
    const { rows } = await this.db.query<ListedOrder>(`select ${COLUMNS} from order_list where id = $1`, [
      id,
    ]);
    return rows[0];
  }

  /** A page of orders by id, after the given one. */
  async page(limit: number, after = ''): Promise<ListedOrder[]> {
    const { rows } = await this.db.query<ListedOrder>(
      `select ${COLUMNS} from order_list where id > $1 order by id limit $2`,
      [after, limit],
    );
    return rows;
  }
}
