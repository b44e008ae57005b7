import { Controller, Logger } from '@nestjs/common';
import { Ctx, EventPattern, Payload } from '@nestjs/microservices';
import type { NatsJetStreamContext } from 'jetsource/transport';
import type { OrderCreated, OrderDeleted, OrderUpdated } from './orders.js';

/**
 * Listens to the events of orders. Each handler has a consumer of its own: one that fails gets its event again, and the others do not.
 *
 * An event is acknowledged when its handler has succeeded. `context.message.ack()` does it earlier, where that is wanted.
 */
@Controller()
export class OrderEventsController {
  readonly #logger = new Logger('Orders');

  @EventPattern<string>('order.created')
  onCreated(@Payload() order: OrderCreated, @Ctx() context: NatsJetStreamContext): void {
    this.#logger.log(`order ${order.id} was created: ${order.quantity} × ${order.product}`);
    context.message.ack();
  }

  @EventPattern<string>('order.updated')
  onUpdated(@Payload() order: OrderUpdated, @Ctx() context: NatsJetStreamContext): void {
    this.#logger.log(`order ${order.id} was updated: ${order.quantity}`);
    context.message.ack();
  }

  @EventPattern<string>('order.deleted')
  onDeleted(@Payload() order: OrderDeleted, @Ctx() context: NatsJetStreamContext): void {
    this.#logger.log(`order ${order.id} was deleted`);
    context.message.ack();
  }
}
