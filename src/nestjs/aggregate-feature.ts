import { checkDeciderOptions } from '../aggregate/decider-repository.js';
import { checkAggregate } from '../aggregate/model/aggregate-kind.js';
import { categoryOf } from '../aggregate/model/event-sourced.js';
import type { AggregateClass, EventSourcedAggregate } from '../aggregate/model/event-sourced-aggregate.js';
import type { Decider } from '../aggregate/model/decider.js';
import { repository } from '../aggregate/repository.js';
import {
  checkRepositoryOptions,
  type ClassRepositoryOptions,
  type DeciderRepositoryOptions,
} from '../aggregate/repository-options.js';
import type { JetStreamEventStore } from '../event-store/jetstream-event-store.js';

/** Options, or a function that makes them of the store, as {@link jetStreamSnapshots} needs it. */
export type FromStore<Options> = Options | ((store: JetStreamEventStore) => Options | Promise<Options>);

/**
 * The part of a repository that `forFeature` uses: before the store closes, the repository finishes its
 * background work.
 */
export interface FeatureRepository {
  /** Resolves when no snapshot is being written. */
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
 * A decider, or a class with options for its repository, for `JetsourceModule.forFeature`.
 *
 * @param options Those of {@link repository}, or a function that makes them of the store. Required for a
 * decider.
 * @throws {@link InvalidAggregateError} when it is given neither a class nor a decider.
 * @throws {@link MissingCategoryError} when neither {@link EventSourced} nor an option says where the streams
 * are.
 * @throws {@link InvalidOptionError} when an option does not exist or cannot work.
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
  checkAggregate(kind);
  // checked at once: when the repository is made, a connection is open that nobody would close
  if (typeof options !== 'function') checkOptions(kind, options);
  return new AggregateFeature(kind, async (store) => {
    const resolved = typeof options === 'function' ? await options(store) : options;
    return typeof kind === 'function'
      ? repository(store, kind, resolved as ClassRepositoryOptions)
      : repository(store, kind, resolved as DeciderRepositoryOptions<unknown>);
  });
}

function checkOptions(
  kind: AggregateClass | Decider<unknown, object, unknown>,
  options: ClassRepositoryOptions | DeciderRepositoryOptions<unknown>,
): void {
  if (typeof kind !== 'function') return checkDeciderOptions(options);
  checkRepositoryOptions(options, 'class');
  if (options.category === undefined && options.streamName === undefined) categoryOf(kind);
}
