import { type DynamicModule, Module } from '@nestjs/common';
import { type NatsConnectionOptions, NatsJetStreamTransport } from 'jetsource/transport';
import { ORDERS } from './orders.js';
import { ShopController } from './shop.controller.js';

/** The client: it publishes events with `emit` and sends requests with `send`. */
@Module({})
export class PublisherModule {
  static on(connectionOptions: NatsConnectionOptions): DynamicModule {
    return {
      module: PublisherModule,
      imports: [NatsJetStreamTransport.register({ connectionOptions, streamConfig: ORDERS })],
      controllers: [ShopController],
    };
  }
}
