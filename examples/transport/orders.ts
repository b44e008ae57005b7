import type { NatsStreamConfig } from 'jetsource/transport';

/** The JetStream stream for events of orders. The first program that connects creates it. */
export const ORDERS: NatsStreamConfig = { name: 'orders', subjects: ['order.*'] };

/** Payload of `order.created`. */
export interface OrderCreated {
  readonly id: number;
  readonly product: string;
  readonly quantity: number;
}

/** Payload of `order.updated`. */
export interface OrderUpdated {
  readonly id: number;
  readonly quantity: number;
}

/** Payload of `order.deleted`. */
export interface OrderDeleted {
  readonly id: number;
}
