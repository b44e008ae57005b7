import { AggregateRoot } from '@nestjs/cqrs';
import { EventSourced } from 'jetsource';
import { type Item, OrderCancelled, OrderPlaced, ParcelShipped } from './events.js';

/** A rule of the shop is violated. */
export class OrderRefused extends Error {
  override readonly name = 'OrderRefused';
}

/** What a customer asks for. */
export interface Purchase {
  readonly customer: string;
  readonly items: readonly Item[];
  readonly shipWithinMs: number;
}

@EventSourced('order')
export class Order extends AggregateRoot {
  #placed = false;
  readonly #unshipped = new Set<string>();

  constructor(readonly id: string) {
    super();
  }

  place({ customer, items, shipWithinMs }: Purchase): void {
    if (this.#placed) throw new OrderRefused(`order ${this.id} has been placed already`);
    this.apply(new OrderPlaced(this.id, customer, items, shipWithinMs));
  }

  /** Ships the given items, or all remaining ones. */
  ship(skus: readonly string[] = [...this.#unshipped]): void {
    if (this.#unshipped.size === 0) throw new OrderRefused(`order ${this.id} has nothing left to ship`);
    const strange = skus.find((sku, index) => !this.#unshipped.has(sku) || skus.indexOf(sku) < index);
    if (strange !== undefined) throw new OrderRefused(`order ${this.id} has no ${strange} left to ship`);
    this.apply(new ParcelShipped(this.id, skus));
  }

  /** Cancels what has not been shipped; does nothing when all has been. */
  cancel(): void {
    if (this.#unshipped.size > 0) this.apply(new OrderCancelled(this.id, [...this.#unshipped]));
  }

  onOrderPlaced(event: OrderPlaced): void {
    this.#placed = true;
    for (const { sku } of event.items) this.#unshipped.add(sku);
  }

  onParcelShipped(event: ParcelShipped): void {
    for (const sku of event.skus) this.#unshipped.delete(sku);
  }

  onOrderCancelled(): void {
    this.#unshipped.clear();
  }
}
