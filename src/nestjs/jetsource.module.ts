import { type DynamicModule, Logger, Module, type Provider } from '@nestjs/common';
import { categoryOf } from '../aggregate/event-sourced.js';
import type { AggregateClass } from '../aggregate/event-sourced-aggregate.js';
import { repository } from '../aggregate/repository.js';
import { connectEventStore } from '../event-store/connect-event-store.js';
import { EventStore } from '../event-store/event-store.js';
import { Projections } from '../projection/projections.js';
import { repositoryToken } from './inject-repository.decorator.js';
import { JetsourceLifecycle } from './jetsource-lifecycle.js';
import { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN } from './jetsource-module-definition.js';
import type { JetsourceModuleOptions } from './jetsource-module-options.js';

/**
 * The event store in a Nest application: `EventStore` and `Projections` can be injected everywhere; projections start with the application and
 * stop before it. The application fails to start when the store cannot be reached or is refused.
 *
 * @example
 * \@Module({
 *   imports: [
 *     JetsourceModule.forRoot({ servers: 'nats://127.0.0.1:4222', name: 'shop', events: [OrderPlaced] }),
 *     JetsourceModule.forFeature([Order]),
 *   ],
 * })
 * class ShopModule {}
 */
@Module({
  providers: [
    {
      provide: EventStore,
      inject: [MODULE_OPTIONS_TOKEN],
      useFactory: connect,
    },
    {
      provide: Projections,
      inject: [EventStore, MODULE_OPTIONS_TOKEN],
      useFactory: (store: EventStore, options: JetsourceModuleOptions) =>
        new Projections(store, options.projections ?? [], { onError: logError }),
    },
    JetsourceLifecycle,
  ],
  exports: [EventStore, Projections],
})
export class JetsourceModule extends ConfigurableModuleClass {
  /**
   * Provides the repositories of aggregate classes, to be injected by {@link InjectRepository}.
   *
   * @throws {@link InvalidOptionError} naming a class that is not decorated with {@link EventSourced}.
   */
  static forFeature(aggregateClasses: readonly AggregateClass[]): DynamicModule {
    // now, not when the repository is made: by then a connection would be open that nobody closes
    for (const aggregateClass of aggregateClasses) categoryOf(aggregateClass);
    const providers = aggregateClasses.map((aggregateClass): Provider => ({
      provide: repositoryToken(aggregateClass),
      inject: [EventStore],
      useFactory: (store: EventStore) => repository(store, aggregateClass),
    }));
    return { module: JetsourceFeatureModule, providers, exports: providers };
  }
}

/** Holds repositories; each `forFeature` makes one of its own. */
@Module({})
export class JetsourceFeatureModule {}

const logger = new Logger('Jetsource');

async function connect(options: JetsourceModuleOptions): Promise<EventStore> {
  const { projections: _projections, ...storeOptions } = options;
  return connectEventStore({ onWarning: (warning) => logger.warn(warning), ...storeOptions });
}

function logError(error: Error): void {
  logger.error(error.message, error.stack);
}
