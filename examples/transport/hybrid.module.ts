import { type DynamicModule, Module } from '@nestjs/common';
import { TerminusModule } from '@nestjs/terminus';
import { type NatsConnectionOptions, NatsJetStreamServerModule } from 'jetsource/transport';
import { HealthController } from './health.controller.js';
import { ListenerModule } from './listener.module.js';
import { ORDERS } from './orders.js';
import { PublisherModule } from './publisher.module.js';

/**
 * Publisher and listener in one application. They have the same `connectionOptions`, so they share one
 * connection.
 */
@Module({})
export class HybridModule {
  static on(connectionOptions: NatsConnectionOptions): DynamicModule {
    return {
      module: HybridModule,
      imports: [
        NatsJetStreamServerModule.register({ connectionOptions, streamConfig: ORDERS }),
        PublisherModule.on(connectionOptions),
        ListenerModule,
        TerminusModule,
      ],
      controllers: [HealthController],
    };
  }
}
