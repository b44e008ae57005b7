import type { StandardSchemaV1 } from '@standard-schema/spec';
import { EventRegistrationError } from './event-errors.js';
import {
  declareEvent,
  type EventDeclaration,
  type EventTypeOptions,
  type SchemaData,
} from './event-declaration.js';

/** A class whose instances are events, decorated with {@link Event}. */
export type EventClass<E extends object = object> = abstract new (...args: never[]) => E;

const EVENT_TYPE = Symbol.for('jetsource.event-type');

/**
 * Declares a class as an event type. The name is stored with each event: the class can be renamed freely, a
 * new event name needs an alias for the old one. The name is never taken from `constructor.name`, which a
 * minifier changes.
 *
 * @param name The event type, such as `OrderPlaced`.
 * @param options Version, schema, upcasts and more. A class whose instances do not match `schema` does not
 *   compile.
 * @throws {@link EventRegistrationError} when the name is empty or an option is invalid.
 * @example
 * \@Event('OrderPlaced', { version: 2, upcasts: { 1: (data) => ({ ...data, currency: 'EUR' }) } })
 * class OrderPlaced {
 *   constructor(
 *     readonly customer: string,
 *     readonly currency: string,
 *   ) {}
 * }
 */
export function Event<Schema extends StandardSchemaV1 = StandardSchemaV1<object>>(
  name: string,
  options: EventTypeOptions<Schema> = {},
) {
  const declaration = declareEvent(name, options);
  return (target: EventClass<SchemaData<Schema>>): void => {
    Object.defineProperty(target, EVENT_TYPE, { value: declaration });
  };
}

/**
 * The declaration of an event class. Declarations are not inherited: a subclass needs its own.
 *
 * @throws {@link EventRegistrationError} when the class has no declaration.
 */
export function declarationOf(eventClass: EventClass): EventDeclaration {
  const declaration = declaredOn(eventClass);
  if (declaration !== undefined) return declaration;
  throw new EventRegistrationError(
    `class ${eventClass.name} has no event type; decorate it with @Event('<name>')`,
  );
}

/** Whether a value is a class decorated with {@link Event}. */
export function hasDeclaration(value: unknown): value is EventClass {
  return typeof value === 'function' && declaredOn(value) !== undefined;
}

/**
 * The event type of an event without a registry: the one declared on its class, or the `type` of a plain
 * event.
 */
export function declaredNameOf(event: object): string | undefined {
  const declaration = declaredOn(event.constructor);
  if (declaration !== undefined) return declaration.name;
  return 'type' in event && typeof event.type === 'string' ? event.type : undefined;
}

function declaredOn(target: object | undefined): EventDeclaration | undefined {
  if (target === undefined || !Object.hasOwn(target, EVENT_TYPE)) return undefined;
  return (target as unknown as Record<symbol, EventDeclaration>)[EVENT_TYPE];
}
