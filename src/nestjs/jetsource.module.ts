import { type DynamicModule, Module, type Provider } from '@nestjs/common';
import type { AggregateClass } from '../aggregate/model/event-sourced-aggregate.js';
import type { JetStreamEventStore } from '../event-store/jetstream-event-store.js';
import { AggregateFeature, aggregateFeature, type FeatureRepository } from './aggregate-feature.js';
import { FeatureLifecycle } from './feature-lifecycle.js';
import { repositoryToken } from './inject-repository.decorator.js';
import { ConfigurableModuleClass } from './jetsource-module-definition.js';
import { eventStoreToken } from './store-tokens.js';

/**
 * The event store in a Nest application. `EventStore` and `Projections` can be injected everywhere.
 * Projections start with the application and stop before it: those listed in `projections`, and all providers
 * with {@link Projection} or {@link LiveProjection}. All appends of one request carry one correlation id, and
 * its response has the position of the last one (see {@link WaitForProjection}). The application fails to
 * start when the store cannot be reached or refuses the connection. An application with two stores gives one
 * of them an `alias`.
 *
 * @example
 * \@Module({
 *   imports: [
 *     JetsourceModule.forRoot({ servers: 'nats://127.0.0.1:4222', name: 'shop', events: [OrderPlaced] }),
 *     JetsourceModule.forFeature([Order]),
 *     JetsourceModule.forRoot({ alias: 'billing', servers, name: 'billing', events: [InvoicePaid] }),
 *     JetsourceModule.forFeature([Invoice], 'billing'),
 *   ],
 * })
 * class ShopModule {}
 */
@Module({})
export class JetsourceModule extends ConfigurableModuleClass {
  /**
   * Provides repositories of aggregate classes, to be injected by {@link InjectRepository}. A decider, or a
   * class with options, is listed as {@link aggregateFeature}.
   *
   * @param alias Alias of the store.
   * @default the store without an alias
   * @throws {@link InvalidAggregateError} when an entry is neither a class nor made by
   * {@link aggregateFeature}.
   * @throws {@link MissingCategoryError} naming a class that is not decorated with {@link EventSourced}.
   */
  static forFeature(
    aggregates: readonly (AggregateClass | AggregateFeature)[],
    alias?: string,
  ): DynamicModule {
    const features = aggregates.map((given) =>
      given instanceof AggregateFeature ? given : aggregateFeature(given),
    );
    const providers = features.map(({ aggregate, open }): Provider => ({
      provide: repositoryToken(aggregate, alias),
      inject: [eventStoreToken(alias)],
      useFactory: async (store: JetStreamEventStore) => open(store),
    }));
    const lifecycle: Provider = {
      provide: FeatureLifecycle,
      inject: features.map(({ aggregate }) => repositoryToken(aggregate, alias)),
      useFactory: (...repositories: FeatureRepository[]) => new FeatureLifecycle(repositories),
    };
    return { module: JetsourceFeatureModule, providers: [...providers, lifecycle], exports: providers };
  }
}

/** Contains the repositories; each `forFeature` makes a module of its own. */
@Module({})
export class JetsourceFeatureModule {}
