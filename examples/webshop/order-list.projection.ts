import type { RecordedEvent } from 'jetsource';
import { On, Projection } from 'jetsource/nestjs';
import { OrderCancelled, OrderPlaced, ParcelShipped } from './events.js';

/** Name of the read model, for waits and rebuilds. */
export const ORDER_LIST = 'order-list';

/** A row of the table. */
export interface OrderRow {
  readonly id: string;
  readonly customer: string;
  readonly items: number;
  readonly shipped: number;
  readonly cancelled: boolean;
  readonly total_cents: number;
  readonly placed_at: string | undefined;
  readonly version: number;
}

/** A transaction of either driver. */
interface Transaction {
  query(sql: string): Promise<unknown>;
}

/** The read model: a row for each order, computed from the events of the log. */
@Projection({
  name: ORDER_LIST,
  version: 1,
  categories: ['order'],
  table: 'order_list',
  key: ({ stream }) => stream.id,
})
export class OrderListProjection {
  async setUp(tx: Transaction): Promise<void> {
    await tx.query(`create table if not exists order_list (
      id text primary key, customer text not null, items int not null, shipped int not null,
      cancelled boolean not null, total_cents bigint not null, placed_at timestamptz not null, version int not null)`);
  }

  @On(OrderPlaced)
  placed(_: OrderRow | undefined, { stream, data, time, version }: RecordedEvent<OrderPlaced>): OrderRow {
    return {
      id: stream.id,
      customer: data.customer,
      items: data.items.length,
      shipped: 0,
      cancelled: false,
      total_cents: data.items.reduce((sum, item) => sum + item.quantity * item.priceCents, 0),
      placed_at: time?.toISOString(),
      version,
    };
  }

  @On(ParcelShipped)
  shipped(row: OrderRow | undefined, { data, version }: RecordedEvent<ParcelShipped>): OrderRow | undefined {
    return row && { ...row, shipped: row.shipped + data.skus.length, version };
  }

  @On(OrderCancelled)
  cancelled(row: OrderRow | undefined, { version }: RecordedEvent<OrderCancelled>): OrderRow | undefined {
    return row && { ...row, cancelled: true, version };
  }
}
