import type { Process, RecordedEvent } from 'jetsource';
import { ProcessManager } from 'jetsource/cqrs';
import { On } from 'jetsource/nestjs';
import { CancelOrder } from './cancel-order.js';
import { OrderCancelled, OrderPlaced, ParcelShipped } from './events.js';

interface Waiting {
  /** How many items have not been shipped. */
  readonly items: number;
}

/** Cancels an order that is not shipped in time. One process for each order; its state is kept in the store. */
@ProcessManager({
  name: 'shipping-deadline',
  correlate: ({ data }: RecordedEvent<OrderPlaced | ParcelShipped | OrderCancelled>) => data.order,
  initial: (): Waiting => ({ items: 0 }),
})
export class ShippingDeadline {
  @On(OrderPlaced)
  placed({ data }: RecordedEvent<OrderPlaced>, _: Waiting, process: Process): Waiting {
    process.schedule('deadline', new CancelOrder(data.order), { in: data.shipWithinMs });
    return { items: data.items.length };
  }

  @On(ParcelShipped)
  shipped({ data }: RecordedEvent<ParcelShipped>, waiting: Waiting, process: Process): Waiting {
    const items = waiting.items - data.skus.length;
    if (items <= 0) {
      process.cancel('deadline');
      process.end();
    }
    return { items };
  }

  @On(OrderCancelled)
  cancelled(_: RecordedEvent<OrderCancelled>, __: Waiting, process: Process): void {
    process.end();
  }
}
