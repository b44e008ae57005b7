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
import { aggregateFeature, JetsourceExceptionFilter, JetsourceModule } from 'jetsource/nestjs';
import { OrderPlaced, ParcelShipped } from './events.js';
import { jsonOnly } from './json-only.middleware.js';
import { Order, OrderRefused } from './order.js';
import { OrderList } from './order-list.js';
import { OrderListProjection } from './order-list.projection.js';
import { OrdersController } from './orders.controller.js';
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
  static on(servers: string): DynamicModule {
    return {
      module: ShopModule,
      imports: [
        DatabaseModule,
        JetsourceModule.forRootAsync({
          imports: [DatabaseModule],
          inject: [ShopDatabase],
          useFactory: (db: ShopDatabase) => ({
            servers,
            name: 'shop',
            events: [OrderPlaced, ParcelShipped],
            projectionStore: db.models,
          }),
        }),
        // a client is rather told of a conflict than kept waiting
        JetsourceModule.forFeature([aggregateFeature(Order, { retries: 3 })]),
      ],
      controllers: [OrdersController],
      providers: [
        OrderList,
        OrderListProjection,
        { provide: APP_PIPE, useClass: StandardSchemaValidationPipe },
        JetsourceExceptionFilter.provider({ refusals: [OrderRefused] }),
      ],
    };
  }

  configure(consumer: MiddlewareConsumer): void {
    consumer.apply(jsonOnly).forRoutes('*path');
  }
}
