import { Inject, Injectable } from '@nestjs/common';
import { ShopDatabase } from './shop-database.js';

/** An order in the list. */
export interface ListedOrder {
  readonly id: string;
  readonly customer: string;
  readonly status: 'placed' | 'partly shipped' | 'shipped' | 'cancelled';
  readonly items: number;
  readonly shipped: number;
  readonly totalCents: number;
  readonly placedAt: string;
  readonly version: number;
}

const COLUMNS = `id, customer, items, shipped, version, total_cents::float8 as "totalCents",
  to_char(placed_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as "placedAt",
  case when cancelled then 'cancelled' when shipped = 0 then 'placed' when shipped < items then 'partly shipped'
    else 'shipped' end as status`;

/** Queries on the read model. */
@Injectable()
export class OrderList {
  constructor(@Inject(ShopDatabase) private readonly db: ShopDatabase) {}

  async find(id: string): Promise<ListedOrder | undefined> {
    const [order] = await this.db.query<ListedOrder>(`select ${COLUMNS} from order_list where id = $1`, [id]);
    return order;
  }

  /** A page of orders by id, after the given one. */
  async page(limit: number, after = ''): Promise<ListedOrder[]> {
    return this.db.query<ListedOrder>(
      `select ${COLUMNS} from order_list where id > $1 order by id limit $2`,
      [after, limit],
    );
  }
}
