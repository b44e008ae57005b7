import { AggregateRoot } from '@nestjs/cqrs';
import { EventSourced } from '../../src/aggregate/model/event-sourced.js';
import { Event } from '../../src/event/event-type.js';

@Event('BalancePaidIn')
export class BalancePaidIn {
  constructor(readonly amount: number) {}
}

@Event('OrderItemAdded')
export class OrderItemAdded {
  constructor(
    readonly sku: string,
    readonly price: number,
  ) {}
}

@Event('OrderClosed')
export class OrderClosed {}

export const ORDER_EVENTS = [BalancePaidIn, OrderItemAdded, OrderClosed];

/** What a refusal is thrown as. */
export class NotEnoughPaidError extends Error {}

/** An order that is paid in advance: items can be added for what has been paid in. */
@EventSourced('order')
export class Order extends AggregateRoot {
  balance = 0;
  items: string[] = [];
  isClosed = false;

  constructor(readonly id: string) {
    super();
  }

  payIn(amount: number): void {
    this.apply(new BalancePaidIn(amount));
  }

  add(sku: string, price: number): void {
    if (price > this.balance) throw new NotEnoughPaidError(`${price} is more than ${this.balance}`);
    this.apply(new OrderItemAdded(sku, price));
  }

  /** Nothing happens to an order that is closed. */
  close(): void {
    if (!this.isClosed) this.apply(new OrderClosed());
  }

  onBalancePaidIn(event: BalancePaidIn): void {
    this.balance += event.amount;
  }

  onOrderItemAdded(event: OrderItemAdded): void {
    this.balance -= event.price;
    this.items.push(event.sku);
  }

  onOrderClosed(): void {
    this.isClosed = true;
  }
}
