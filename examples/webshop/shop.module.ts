import {
  type DynamicModule,
  Injectable,
  type MiddlewareConsumer,
  Module,
  type NestModule,
  type OnApplicationShutdown,
  StandardSchemaValidationPipe,
} from '@nestjs/common';
import { APP_PIPE } from '@nestjs/core';
import { TerminusModule } from '@nestjs/terminus';
import { JetsourceCqrsModule } from 'jetsource/cqrs';
import { aggregateFeature, JetsourceExceptionFilter, JetsourceModule } from 'jetsource/nestjs';
import { CancelOrderHandler } from './cancel-order.js';
import { Confirmation } from './confirmation.js';
import { SHOP_EVENTS } from './events.js';
import { Fulfilment } from './fulfilment.js';
import { HealthController } from './health.controller.js';
import { jsonOnly } from './json-only.middleware.js';
import { Order, OrderRefused } from './order.js';
import { OrderList } from './order-list.js';
import { OrderListProjection } from './order-list.projection.js';
import { OrdersController } from './orders.controller.js';
import { Outside } from './outside.js';
import { ShippingDeadline } from './shipping-deadline.js';
import { ShopDatabase } from './shop-database.js';

@Injectable()
class DatabaseLifecycle implements OnApplicationShutdown {
  constructor(private readonly db: ShopDatabase) {}

  async onApplicationShutdown(): Promise<void> {
    await this.db.close();
  }
}

@Module({
  providers: [
    {
      provide: ShopDatabase,
      useFactory: async () => ShopDatabase.open(process.env['DATABASE_URL'] || undefined),
    },
    DatabaseLifecycle,
  ],
  exports: [ShopDatabase],
})
class DatabaseModule {}

@Module({})
export class ShopModule implements NestModule {
  static on(servers: string, outside: Outside): DynamicModule {
    return {
      module: ShopModule,
      imports: [
        DatabaseModule,
        TerminusModule,
        // the event store, its projections, and the buses of @nestjs/cqrs, whose events are stored there
        JetsourceCqrsModule.forRootAsync({
          imports: [DatabaseModule],
          inject: [ShopDatabase],
          useFactory: (db: ShopDatabase) => ({
            servers,
            name: 'shop',
            events: SHOP_EVENTS,
            projectionStore: db.models,
            timers: true,
          }),
        }),
        // a client is rather told of a conflict than kept waiting
        JetsourceModule.forFeature([aggregateFeature(Order, { retries: 3 })]),
      ],
      controllers: [OrdersController, HealthController],
      providers: [
        OrderList,
        OrderListProjection,
        Confirmation,
        Fulfilment,
        ShippingDeadline,
        CancelOrderHandler,
        { provide: Outside, useValue: outside },
        { provide: APP_PIPE, useClass: StandardSchemaValidationPipe },
        JetsourceExceptionFilter.provider({ refusals: [OrderRefused] }),
      ],
    };
  }

  configure(consumer: MiddlewareConsumer): void {
    consumer.apply(jsonOnly).forRoutes('*path');
  }
}
