import { findCategory } from '../../../aggregate/model/event-sourced.js';
import { type StreamName, streamName } from '../../../event/stream-name.js';
import { InvalidAggregateError } from '../../../aggregate/aggregate-errors.js';

const merged = new WeakMap<object, object>();

/** Notes that a class was made of another one, whose category it has. */
export function rememberMerged(made: object, from: object): void {
  merged.set(made, from);
}

/**
 * The stream of an aggregate: of the category that {@link EventSourced} gives its class, and its `id`. Undefined
 * for anything else.
 *
 * @throws {@link InvalidAggregateError} when the class has a category and the instance no id.
 */
export function aggregateStreamOf(publisher: unknown): StreamName | undefined {
  if (typeof publisher !== 'object' || publisher === null) return undefined;
  const type = publisher.constructor;
  const category = typeof type === 'function' ? findCategory(merged.get(type) ?? type) : undefined;
  return category === undefined ? undefined : streamName(category, idOf(publisher));
}

function idOf(aggregate: object): string {
  const id: unknown = 'id' in aggregate ? aggregate.id : undefined;
  if (typeof id === 'string' && id !== '') return id;
  if (typeof id === 'bigint' || (typeof id === 'number' && Number.isSafeInteger(id))) return String(id);
  const text = typeof id === 'object' && id !== null && !Array.isArray(id) ? textOf(id) : undefined;
  if (text !== undefined) return text;
  throw new InvalidAggregateError({
    aggregate: aggregate.constructor.name,
    reason:
      'it has no property id of text or an integer, or an object with a toString of its own, which names the ' +
      'stream of its events',
  });
}

/** What an object says of itself, such as an instance of a class for ids; undefined for one that says nothing. */
function textOf(id: object): string | undefined {
  const { toString: say } = id as { readonly toString?: () => unknown };
  const text = typeof say === 'function' ? say.call(id) : undefined;
  return typeof text === 'string' && text !== '' && !text.startsWith('[object ') ? text : undefined;
}
