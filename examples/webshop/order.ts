import { AggregateRoot } from '@nestjs/cqrs';
import { EventSourced } from 'jetsource';
import { type Item, OrderPlaced, ParcelShipped } from './events.js';

/** A rule of the shop is violated. */
export class OrderRefused extends Error {
  override readonly name = 'OrderRefused';
}

@EventSourced('order')
export class Order extends AggregateRoot {
  #placed = false;
  readonly #unshipped = new Set<string>();

  constructor(readonly id: string) {
    super();
  }

  place(customer: string, items: readonly Item[]): void {
    if (this.#placed) throw new OrderRefused(`order ${this.id} has been placed already`);
    this.apply(new OrderPlaced(customer, items));
  }

  /** Ships the given items, or all remaining ones. */
  ship(skus: readonly string[] = [...this.#unshipped]): void {
    if (this.#unshipped.size === 0)
      throw new OrderRefused(`all of order ${this.id} has been shipped already`);
    const strange = skus.find((sku, index) => !this.#unshipped.has(sku) || skus.indexOf(sku) < index);
    if (strange !== undefined) throw new OrderRefused(`order ${this.id} has no ${strange} left to ship`);
    this.apply(new ParcelShipped(skus));
  }

  onOrderPlaced(event: OrderPlaced): void {
    this.#placed = true;
    for (const { sku } of event.items) this.#unshipped.add(sku);
  }

  onParcelShipped(event: ParcelShipped): void {
    for (const sku of event.skus) this.#unshipped.delete(sku);
  }
}
