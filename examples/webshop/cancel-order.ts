import { CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import type { Repository } from 'jetsource';
import { InjectRepository } from 'jetsource/nestjs';
import { Order } from './order.js';

/** The time to ship an order is over. */
export class CancelOrder {
  constructor(readonly order: string) {}
}

@CommandHandler(CancelOrder)
export class CancelOrderHandler implements ICommandHandler<CancelOrder> {
  constructor(@InjectRepository(Order) private readonly orders: Repository<Order>) {}

  async execute({ order }: CancelOrder): Promise<void> {
    await this.orders.update(order, (found) => found.cancel());
  }
}
