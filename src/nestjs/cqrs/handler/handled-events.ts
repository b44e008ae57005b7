import type { EventDefinition } from '../../../event/event-registry.js';

/** A handler, and what its decorator lists. */
export interface ListedEvents {
  readonly events: readonly object[];
}

/**
 * The registered event types that each handler gets, in the order of the handlers. As in `@nestjs/cqrs`, an event
 * goes to the handlers that list its class; if none does, to those that list the nearest class that it extends.
 */
export function handledEvents(
  registered: readonly EventDefinition[],
  handlers: readonly ListedEvents[],
): EventDefinition[][] {
  const listed = new Set(handlers.flatMap(({ events }) => events));
  const nearest = new Map(registered.map((definition) => [definition, nearestListed(definition, listed)]));
  return handlers.map(({ events }) =>
    registered.filter((definition) => {
      const listedFor = nearest.get(definition);
      return listedFor !== undefined && events.includes(listedFor);
    }),
  );
}

/** Those that are no registered event type, and that none extends: a handler would never get them. */
export function unknownEvents(
  registered: readonly EventDefinition[],
  listed: readonly object[],
): readonly object[] {
  const known = new Set(registered.flatMap(withAncestors));
  return listed.filter((event) => !known.has(event));
}

function nearestListed(definition: object, listed: ReadonlySet<object>): object | undefined {
  return withAncestors(definition).find((type) => listed.has(type));
}

/** A class and those that it extends, nearest first. */
function withAncestors(definition: object): object[] {
  const above = Object.getPrototypeOf(definition) as object | null;
  return above === null ? [definition] : [definition, ...withAncestors(above)];
}
