import {
  type DynamicModule,
  Injectable,
  type MiddlewareConsumer,
  Module,
  type NestModule,
  type OnApplicationShutdown,
  StandardSchemaValidationPipe,
} from '@nestjs/common';
import { APP_FILTER, APP_PIPE } from '@nestjs/core';
import { PGlite } from '@electric-sql/pglite';
import { aggregateFeature, JetsourceModule } from 'jetsource/nestjs';
import { OrderPlaced, ParcelShipped } from './events.js';
import { jsonOnly } from './json-only.middleware.js';
import { Order } from './order.js';
import { OrderList, orderList } from './order-list.js';
import { OrdersController } from './orders.controller.js';
import { ProblemFilter } from './problem.filter.js';

@Injectable()
class DatabaseLifecycle implements OnApplicationShutdown {
  constructor(private readonly db: PGlite) {}

  async onApplicationShutdown(): Promise<void> {
    await this.db.close();
  }
}

/** PostgreSQL inside the process, in memory: the read model is rebuilt from the log at each start. */
@Module({
  providers: [{ provide: PGlite, useFactory: async () => PGlite.create() }, DatabaseLifecycle],
  exports: [PGlite],
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
          inject: [PGlite],
          useFactory: (db: PGlite) => ({
            servers,
            name: 'shop',
            events: [OrderPlaced, ParcelShipped],
            projections: [orderList(db)],
          }),
        }),
        // a client is rather told of a conflict than kept waiting
        JetsourceModule.forFeature([aggregateFeature(Order, { retries: 3 })]),
      ],
      controllers: [OrdersController],
      providers: [
        OrderList,
        { provide: APP_PIPE, useClass: StandardSchemaValidationPipe },
        { provide: APP_FILTER, useClass: ProblemFilter },
      ],
    };
  }

  configure(consumer: MiddlewareConsumer): void {
    consumer.apply(jsonOnly).forRoutes('*path');
  }
}
