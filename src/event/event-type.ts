import type { StandardSchemaV1 } from '@standard-schema/spec';
import { EventRegistrationError } from './event-errors.js';
import {
  declareEvent,
  type EventDeclaration,
  type EventTypeOptions,
  type SchemaData,
} from './event-declaration.js';

/** A class whose instances are events. */
export type EventClass<E extends object = object> = abstract new (...args: never[]) => E;

const EVENT_TYPE = Symbol.for('jetsource.event-type');

/**
 * Gives a class the name under which its events are stored. The name is part of the log: renaming the class is free, renaming
 * the event takes an alias. It never comes from `constructor.name`, which a minifier changes.
 *
 * @param name The event type, such as `OrderPlaced`. A class whose instances its `schema` would not take does not compile.
 * @throws {@link EventRegistrationError} when the name is empty or the rest could not work.
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
 * What {@link Event} declared on the class itself; a subclass declares its own.
 *
 * @throws {@link EventRegistrationError} when the class carries no declaration.
 */
export function declarationOf(eventClass: EventClass): EventDeclaration {
  const declaration = declaredOn(eventClass);
  if (declaration !== undefined) return declaration;
  throw new EventRegistrationError(
    `class ${eventClass.name} has no event type; decorate it with @Event('…')`,
  );
}

/** Whether a value is a class that carries a declaration. */
export function hasDeclaration(value: unknown): value is EventClass {
  return typeof value === 'function' && declaredOn(value) !== undefined;
}

/** The name that an event carries by itself, whatever store it goes to: declared on its class, or the `type` of a plain event. */
export function declaredNameOf(event: object): string | undefined {
  const declaration = declaredOn(event.constructor);
  if (declaration !== undefined) return declaration.name;
  return 'type' in event && typeof event.type === 'string' ? event.type : undefined;
}

function declaredOn(target: object | undefined): EventDeclaration | undefined {
  if (target === undefined || !Object.hasOwn(target, EVENT_TYPE)) return undefined;
  return (target as unknown as Record<symbol, EventDeclaration>)[EVENT_TYPE];
}
