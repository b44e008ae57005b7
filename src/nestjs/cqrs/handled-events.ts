import type { EventDefinition } from '../../event/event-registry.js';

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

function nearestListed(definition: object, listed: ReadonlySet<object>): object | undefined {
  for (
    let type: object | null = definition;
    type !== null;
    type = Object.getPrototypeOf(type) as object | null
  )
    if (listed.has(type)) return type;
  return undefined;
}
