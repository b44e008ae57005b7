import type { EventClass } from './event-type.js';
import type { EventDefinition } from './event-registry.js';
import type { EventWithMetadata } from './event-with-metadata.js';
import type { DomainEvent, PlainEventType } from './plain-event-type.js';

/**
 * What is never an event, told by the symbols that it has: classes and functions, dates, promises and
 * collections, lists. Symbols, since an event may have any name among its own.
 */
interface NoMistake {
  readonly [Symbol.hasInstance]?: never;
  readonly [Symbol.toPrimitive]?: never;
  readonly [Symbol.toStringTag]?: never;
  readonly [Symbol.iterator]?: never;
}

/**
 * An event to be stored: an instance of an event class, a plain event, or what {@link withMetadata} returned.
 * A promise, a date, a list or a class in its place does not compile.
 */
export type NewEvent<Events extends object = object> = (Events | EventWithMetadata<Events>) & NoMistake;

/** The events of one event type: instances of the class, or plain events. */
export type EventsOf<Definition extends EventDefinition> =
  Definition extends PlainEventType<infer Type, infer Data>
    ? DomainEvent<Type, Data>
    : Definition extends EventClass<infer Instance>
      ? Instance
      : never;

/**
 * The events of a store: of the types listed `as const`, any for a list that TypeScript does not know by
 * item.
 */
export type EventsIn<Definitions extends readonly EventDefinition[]> = number extends Definitions['length']
  ? object
  : EventsOf<Definitions[number]>;
