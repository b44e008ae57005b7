import { streamName } from '../../event/stream-name.js';
import { InvalidOptionError } from '../../kernel/invalid-option-error.js';
import { handleByEventName } from './event-handlers.js';
import type { AggregateClass } from './event-sourced-aggregate.js';

const CATEGORY = Symbol.for('jetsource.category');

/**
 * Names the category under which the streams of an aggregate class are stored. Part of the log: the class may be renamed, the category not. The `on…`
 * methods of an `AggregateRoot` are found by the names that events are stored under, so that a minifier cannot hide them.
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
 * The category of an aggregate class; a subclass declares its own.
 *
 * @throws {@link InvalidOptionError} naming the class when it is not decorated.
 */
export function categoryOf(aggregateClass: AggregateClass): string {
  if (Object.hasOwn(aggregateClass, CATEGORY)) {
    return (aggregateClass as unknown as Record<symbol, string>)[CATEGORY] as string;
  }
  throw new InvalidOptionError({
    option: 'aggregate class',
    given: aggregateClass.name,
    allowed: "decorated with @EventSourced('category')",
  });
}
