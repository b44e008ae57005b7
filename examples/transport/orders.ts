import type { NatsStreamConfig } from 'jetsource/transport';

/** The stream that keeps the events of orders. Whoever comes first creates it. */
export const ORDERS: NatsStreamConfig = { name: 'orders', subjects: ['order.*'] };

/** What `order.created` tells. */
export interface OrderCreated {
  readonly id: number;
  readonly product: string;
  readonly quantity: number;
}

/** What `order.updated` tells. */
export interface OrderUpdated {
  readonly id: number;
  readonly quantity: number;
}

/** What `order.deleted` tells. */
export interface OrderDeleted {
  readonly id: number;
}
