import { EventsHandler, type IEventHandler } from '@nestjs/cqrs';
import { Reactor } from 'jetsource/cqrs';
import { OrderPlaced } from './events.js';
import { Outside } from './outside.js';

/**
 * Sends a mail for each order, in one instance of the shop. A failure is tried again; after the third the event is
 * parked, until an operator redrives it: `npx jetsource parked list --store shop`.
 */
@Reactor({ name: 'confirmation', maxAttempts: 3, backoffMs: [200, 1_000] })
@EventsHandler(OrderPlaced)
export class Confirmation implements IEventHandler<OrderPlaced> {
  constructor(private readonly outside: Outside) {}

  async handle({ order, customer }: OrderPlaced): Promise<void> {
    await this.outside.sendMail(customer, `your order is ${order}`);
  }
}
