import { type DynamicModule, Module, type Provider } from '@nestjs/common';
import { categoryOf } from '../aggregate/event-sourced.js';
import type { AggregateClass } from '../aggregate/event-sourced-aggregate.js';
import { repository } from '../aggregate/repository.js';
import type { EventStore } from '../event-store/event-store.js';
import { repositoryToken } from './inject-repository.decorator.js';
import { ConfigurableModuleClass } from './jetsource-module-definition.js';
import { eventStoreToken } from './store-tokens.js';

/**
 * The event store in a Nest application: `EventStore` and `Projections` can be injected everywhere; projections start with the application and
 * stop before it, and what one request appends carries one correlation id. The application fails to start when the store cannot be reached or
 * is refused. An application with two stores gives one of them an `alias`.
 *
 * @example
 * \@Module({
 *   imports: [
 *     JetsourceModule.forRoot({ servers: 'nats://127.0.0.1:4222', name: 'shop', events: [OrderPlaced] }),
 *     JetsourceModule.forFeature([Order]),
 *     JetsourceModule.forRoot({ alias: 'billing', servers: 'nats://127.0.0.1:4222', name: 'billing', events: [InvoicePaid] }),
 *     JetsourceModule.forFeature([Invoice], 'billing'),
 *   ],
 * })
 * class ShopModule {}
 */
@Module({})
export class JetsourceModule extends ConfigurableModuleClass {
  /**
   * Provides the repositories of aggregate classes, to be injected by {@link InjectRepository}, in the store of that alias.
   *
   * @throws {@link InvalidOptionError} naming a class that is not decorated with {@link EventSourced}.
   */
  static forFeature(aggregateClasses: readonly AggregateClass[], alias?: string): DynamicModule {
    // now, not when the repository is made: by then a connection would be open that nobody closes
    for (const aggregateClass of aggregateClasses) categoryOf(aggregateClass);
    const providers = aggregateClasses.map((aggregateClass): Provider => ({
      provide: repositoryToken(aggregateClass, alias),
      inject: [eventStoreToken(alias)],
      useFactory: (store: EventStore) => repository(store, aggregateClass),
    }));
    return { module: JetsourceFeatureModule, providers, exports: providers };
  }
}

/** Holds repositories; each `forFeature` makes one of its own. */
@Module({})
export class JetsourceFeatureModule {}
