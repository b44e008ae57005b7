import { Controller, Logger } from '@nestjs/common';
import { Ctx, EventPattern, Payload } from '@nestjs/microservices';
import type { NatsJetStreamContext } from 'jetsource/transport';
import type { OrderCreated, OrderDeleted, OrderUpdated } from './orders.js';

/**
 * Handles the events of orders. Each handler has its own consumer: if one fails, only that one gets the event
 * again.
 *
 * An event is acknowledged when its handler succeeds. Call `context.message.ack()` to acknowledge it earlier.
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
