import { EventsHandler, type IEventHandler } from '@nestjs/cqrs';
import { steps } from 'jetsource';
import { Reactor } from 'jetsource/cqrs';
import { OrderPlaced } from './events.js';
import { Outside } from './outside.js';

/**
 * Charges the customer, then books a parcel. The result of each step is stored: if this instance is killed after the
 * first step, another one goes on with the second. All instances take part, each with some of the lanes.
 */
@Reactor({ name: 'fulfilment', lanes: 4 })
@EventsHandler(OrderPlaced)
export class Fulfilment implements IEventHandler<OrderPlaced> {
  constructor(private readonly outside: Outside) {}

  async handle({ order, items }: OrderPlaced): Promise<void> {
    const cents = items.reduce((sum, { quantity, priceCents }) => sum + quantity * priceCents, 0);
    const receipt = await steps.run('charge', async () => this.outside.charge(order, cents));
    await steps.run('book', async () => this.outside.bookParcel(order, receipt));
  }
}
