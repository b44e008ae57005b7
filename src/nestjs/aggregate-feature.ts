import { categoryOf } from '../aggregate/model/event-sourced.js';
import type { AggregateClass, EventSourcedAggregate } from '../aggregate/model/event-sourced-aggregate.js';
import type { Decider } from '../aggregate/model/decider.js';
import { repository } from '../aggregate/repository.js';
import type { ClassRepositoryOptions, DeciderRepositoryOptions } from '../aggregate/repository-options.js';
import type { JetStreamEventStore } from '../event-store/jetstream-event-store.js';

/** Options, or how to make them where they need the store, as those of {@link jetStreamSnapshots} do. */
type FromStore<Options> = Options | ((store: JetStreamEventStore) => Options | Promise<Options>);

/** What `forFeature` needs of a repository: to let it finish what it does in the background. */
export interface FeatureRepository {
  drain(): Promise<void>;
}

/** A kind of aggregates whose repository takes options. Made by {@link aggregateFeature}. */
export class AggregateFeature {
  /** The class or the decider: what {@link InjectRepository} names. */
  readonly aggregate: object;
  /** @internal */
  readonly open: (store: JetStreamEventStore) => Promise<FeatureRepository>;

  /** @internal */
  constructor(aggregate: object, open: (store: JetStreamEventStore) => Promise<FeatureRepository>) {
    this.aggregate = aggregate;
    this.open = open;
  }
}

/**
 * A class with options for its repository, or a decider, for `JetsourceModule.forFeature`.
 *
 * @throws {@link InvalidOptionError} naming a class that has no category.
 * @example
 * JetsourceModule.forFeature([
 *   Order,
 *   aggregateFeature(cart, { category: 'cart' }),
 *   aggregateFeature(Account, async (store) => ({ snapshots: { store: await jetStreamSnapshots(store) } })),
 * ]);
 */
export function aggregateFeature<A extends EventSourcedAggregate>(
  aggregateClass: AggregateClass<A>,
  options?: FromStore<ClassRepositoryOptions>,
): AggregateFeature;
export function aggregateFeature<Command, Event extends object, State>(
  decider: Decider<Command, Event, State>,
  options: FromStore<DeciderRepositoryOptions<State>>,
): AggregateFeature;
export function aggregateFeature(
  kind: AggregateClass | Decider<unknown, object, unknown>,
  options: FromStore<ClassRepositoryOptions> | FromStore<DeciderRepositoryOptions<unknown>> = {},
): AggregateFeature {
  // now, not when the repository is made: by then a connection would be open that nobody closes
  if (typeof kind === 'function' && typeof options !== 'function' && namesNoStreams(options))
    categoryOf(kind);
  return new AggregateFeature(kind, async (store) => {
    const resolved = typeof options === 'function' ? await options(store) : options;
    return typeof kind === 'function'
      ? repository(store, kind, resolved as ClassRepositoryOptions)
      : repository(store, kind, resolved as DeciderRepositoryOptions<unknown>);
  });
}

function namesNoStreams({ category, streamName }: ClassRepositoryOptions): boolean {
  return category === undefined && streamName === undefined;
}
