import { declaredNameOf } from '../../event/event-type.js';
import { MissingEventHandlerError } from '../aggregate-errors.js';

/** What an aggregate does about an event that it has no `on…` method for. */
export type UnhandledEvents = 'ignore' | 'fail';

/** The part of `AggregateRoot` that finds the method for an event. */
interface FindsHandlers {
  getEventHandler(event: object): ((event: object) => void) | undefined;
}

/**
 * Lets an `AggregateRoot` find `onOrderPlaced` by the name that an event is stored under. Left alone it goes by the name of the event's class, which
 * a minifier changes, and which events without a class do not have. The class's name still works where there is no method of the other name.
 *
 * @param aggregate An instance, or the prototype of a class; one that finds no handlers that way is left as it is.
 */
export function handleByEventName(aggregate: object, unhandled: UnhandledEvents = 'ignore'): void {
  if (!findsHandlers(aggregate)) return;
  // oxlint-disable-next-line typescript/unbound-method -- called on the aggregate below
  const findByClass = aggregate.getEventHandler;
  Object.defineProperty(aggregate, 'getEventHandler', {
    configurable: true,
    writable: true,
    value(this: FindsHandlers & Record<string, unknown>, event: object) {
      const handler = this[`on${declaredNameOf(event) ?? ''}`] ?? findByClass.call(this, event);
      if (typeof handler === 'function' || unhandled === 'ignore') return handler;
      throw new MissingEventHandlerError({
        aggregate: this.constructor.name,
        event: declaredNameOf(event) ?? event.constructor.name,
      });
    },
  });
}

function findsHandlers(aggregate: object): aggregate is FindsHandlers {
  return 'getEventHandler' in aggregate && typeof aggregate.getEventHandler === 'function';
}
