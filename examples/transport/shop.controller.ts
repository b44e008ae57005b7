import { Controller, Get } from '@nestjs/common';
import { NatsJetStreamClientProxy, NatsJetStreamRecordBuilder, type PubAck } from 'jetsource/transport';
import { lastValueFrom } from 'rxjs';
import type { OrderCreated, OrderDeleted, OrderUpdated } from './orders.js';

/** Publishes events and sends requests, one per path. All use GET, so that they can be tried in a browser. */
@Controller()
export class ShopController {
  constructor(private readonly client: NatsJetStreamClientProxy) {}

  /** Answers with the acknowledgement of the JetStream stream: the event is stored and will be handled. */
  @Get('create')
  async create(): Promise<PubAck> {
    return lastValueFrom(
      this.client.emit<PubAck, OrderCreated>('order.created', { id: 1, product: 'Socks', quantity: 1 }),
    );
  }

  @Get('update')
  async update(): Promise<PubAck> {
    return lastValueFrom(this.client.emit<PubAck, OrderUpdated>('order.updated', { id: 1, quantity: 10 }));
  }

  /**
   * Stored once, however often it is called within the duplicate window of the JetStream stream: the message
   * id is the same.
   */
  @Get('delete')
  async delete(): Promise<PubAck> {
    const deleted = new NatsJetStreamRecordBuilder<OrderDeleted>({ id: 1 })
      .setMsgId('order-1-deleted')
      .build();
    return lastValueFrom(this.client.emit<PubAck>('order.deleted', deleted));
  }

  @Get('sum')
  async sum(): Promise<number> {
    return lastValueFrom(this.client.send<number>({ cmd: 'sum' }, [1, 2, 3]));
  }
}
