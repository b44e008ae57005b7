import { declaredNameOf } from '../../event/event-type.js';
import { MissingEventHandlerError } from '../aggregate-errors.js';

/**
 * What an aggregate class does about an event that it has no `on…` method for: skip it, or throw
 * {@link MissingEventHandlerError}.
 */
export type UnhandledEvents = 'ignore' | 'fail';

/** The method of `AggregateRoot` that finds the handler of an event. */
interface FindsHandlers {
  getEventHandler(event: object): ((event: object) => void) | undefined;
}

/**
 * Lets an `AggregateRoot` find its method `onOrderPlaced` by the registered name of an event. `AggregateRoot`
 * itself uses the name of the event's class, which a minifier changes and a plain event does not have. The
 * name of the class is still tried when there is no method of the registered name.
 *
 * @param aggregate An instance, or the prototype of a class. Left as it is when it does not look for handlers
 * by name.
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

/** Whether an aggregate looks for its handlers by name, as `AggregateRoot` does. */
export function findsHandlers(aggregate: object): aggregate is FindsHandlers {
  return 'getEventHandler' in aggregate && typeof aggregate.getEventHandler === 'function';
}
