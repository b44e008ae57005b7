import { EventRegistrationError } from '../kernel/errors.js';

/** A class whose instances are events. */
// oxlint-disable-next-line typescript/no-explicit-any -- a class with any constructor
export type EventClass<E extends object = object> = abstract new (...args: never[]) => E;

/** What is registered about an event class: the name and the schema version that its events are stored under. */
export interface EventType {
  readonly name: string;
  readonly schemaVersion: number;
  readonly eventClass: EventClass;
}

const EVENT_TYPE = Symbol.for('jetsource.event-type');

interface Declaration {
  readonly name: string;
  readonly schemaVersion: number;
}

/**
 * Gives a class the name under which its events are stored. The name is part of the log: renaming the class is free, renaming
 * the event is not. It never comes from `constructor.name`, which a minifier changes.
 *
 * @param name The event type, such as `OrderPlaced`.
 * @param options `version` is the schema version of the data, 1 by default.
 * @throws {@link EventRegistrationError} when the name is empty or the version no positive integer.
 * @example
 * \@Event('OrderPlaced')
 * class OrderPlaced {
 *   constructor(readonly customer: string) {}
 * }
 */
export function Event(name: string, options: { version?: number | undefined } = {}) {
  const schemaVersion = options.version ?? 1;
  if (typeof name !== 'string' || name === '') throw new EventRegistrationError('an event type needs a name');
  if (!Number.isSafeInteger(schemaVersion) || schemaVersion < 1) {
    throw new EventRegistrationError(`event type ${name}: version must be a positive integer`);
  }
  return (target: EventClass): void => {
    Object.defineProperty(target, EVENT_TYPE, { value: { name, schemaVersion } satisfies Declaration });
  };
}

/**
 * What {@link Event} declared on the class itself; a subclass declares its own.
 *
 * @throws {@link EventRegistrationError} when the class carries no declaration.
 */
export function eventTypeOf(eventClass: EventClass): EventType {
  const declaration = Object.hasOwn(eventClass, EVENT_TYPE)
    ? (eventClass as unknown as Record<symbol, Declaration>)[EVENT_TYPE]
    : undefined;
  if (declaration === undefined) {
    throw new EventRegistrationError(
      `class ${eventClass.name} has no event type; decorate it with @Event('…')`,
    );
  }
  return { ...declaration, eventClass };
}

/** The name that an event carries by itself, whatever store it goes to: declared on its class, or the `type` of a plain event. */
export function declaredNameOf(event: object): string | undefined {
  const { constructor } = event;
  if (Object.hasOwn(constructor, EVENT_TYPE)) {
    return (constructor as unknown as Record<symbol, Declaration>)[EVENT_TYPE]?.name;
  }
  return 'type' in event && typeof event.type === 'string' ? event.type : undefined;
}
