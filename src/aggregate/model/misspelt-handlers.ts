import type { EventRegistry } from '../../event/event-registry.js';
import { nearNames } from '../../kernel/near-names.js';

const HANDLER = /^on[A-Z]/;

/**
 * The methods of an aggregate class that are named like handlers, `on…`, of which no registered event has the
 * name: they are never called with an event.
 *
 * @returns One sentence for each, with the names that may be meant.
 */
export function misspeltHandlers(prototype: object, registry: EventRegistry): string[] {
  const known = registry.handlerNames;
  return methodsOf(prototype)
    .filter((method) => HANDLER.test(method) && !known.includes(method))
    .map((method) => {
      const near = nearNames(method, known);
      const hint = near.length === 0 ? `known: ${known.join(', ')}` : `did you mean ${near.join(', ')}?`;
      return `it has a method ${method}, but no event of that name is registered; ${hint}`;
    });
}

/** Names of its own methods and of those that it inherits from classes of its author. */
function methodsOf(prototype: object): string[] {
  const names = new Set<string>();
  let holder: object | null = prototype;
  while (holder !== null && holder !== Object.prototype && !Object.hasOwn(holder, 'loadFromHistory')) {
    for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(holder)))
      if (typeof value === 'function') names.add(name);
    holder = Object.getPrototypeOf(holder) as object | null;
  }
  return [...names];
}
