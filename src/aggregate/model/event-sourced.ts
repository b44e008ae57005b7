import { streamName } from '../../event/stream-name.js';
import { MissingCategoryError } from '../aggregate-errors.js';
import { handleByEventName } from './event-handlers.js';
import type { AggregateClass } from './event-sourced-aggregate.js';

const CATEGORY = Symbol.for('jetsource.category');

/**
 * Names the category in which the streams of an aggregate class are stored: instance `42` of category `order`
 * is stored in stream `order/42`. The category is part of the log: the class may be renamed, the category
 * must stay.
 *
 * The `on…` methods of an `AggregateRoot` are found by the registered names of events, so a minifier may
 * rename classes.
 *
 * @throws {@link InvalidStreamNameError} when no stream can have that category.
 * @example
 * \@EventSourced('order')
 * class Order extends AggregateRoot {
 *   constructor(readonly id: string) {
 *     super();
 *   }
 * }
 */
export function EventSourced(category: string) {
  streamName(category, 'any');
  return (target: AggregateClass): void => {
    Object.defineProperty(target, CATEGORY, { value: category });
    // also for instances that no repository made
    handleByEventName(target.prototype as object);
  };
}

/**
 * The category of an aggregate class. A subclass does not inherit it.
 *
 * @throws {@link MissingCategoryError} naming the class when it is not decorated.
 */
export function categoryOf(aggregateClass: AggregateClass): string {
  const category = findCategory(aggregateClass);
  if (category !== undefined) return category;
  throw new MissingCategoryError({
    aggregate: aggregateClass.name,
    remedy: "decorate the class with @EventSourced('category'), or give the option category",
  });
}

/** The category of an aggregate class; undefined when it is not decorated itself. */
export function findCategory(aggregateClass: object): string | undefined {
  if (!Object.hasOwn(aggregateClass, CATEGORY)) return undefined;
  return (aggregateClass as Readonly<Record<symbol, string>>)[CATEGORY];
}
