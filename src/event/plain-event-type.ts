import type { StandardSchemaV1 } from '@standard-schema/spec';
import {
  declareEvent,
  type EventDeclaration,
  type EventTypeOptions,
  type SchemaData,
} from './event-declaration.js';

/** An event without a class: event type and data. */
export interface DomainEvent<Type extends string = string, Data extends object = object> {
  /** The event type. */
  readonly type: Type;
  /** The data of the event. */
  readonly data: Data;
}

/** The brand that two installed copies of the package agree on. */
const BRAND = Symbol.for('jetsource.plain-event-type');

/** An event type without a class, made by {@link eventType}. */
export class PlainEventType<Type extends string = string, Data extends object = object> {
  /** The event type, such as `OrderPlaced`. */
  readonly name: Type;
  /** @internal */
  readonly declaration: EventDeclaration;

  /** @internal */
  constructor(name: Type, declaration: EventDeclaration) {
    this.name = name;
    this.declaration = declaration;
  }

  /** @internal */
  get [BRAND](): true {
    return true;
  }

  /** Creates an event of this type. The data are validated when the event is appended. */
  create(data: Data): DomainEvent<Type, Data> {
    return { type: this.name, data };
  }
}

/** Whether a value was made by {@link eventType}, no matter by which installed copy of the package. */
export function isPlainEventType(value: unknown): value is PlainEventType {
  return typeof value === 'object' && value !== null && BRAND in value;
}

/** The type of events that {@link eventType} declared: `type Placed = EventOf<typeof OrderPlaced>`. */
export type EventOf<Declared> =
  Declared extends PlainEventType<infer Type, infer Data> ? DomainEvent<Type, Data> : never;

/**
 * Declares an event type whose events are plain objects, for code without classes and decorators. The name is
 * stored with each event: a new name needs an alias for the old one.
 *
 * @throws {@link EventRegistrationError} when the name is empty or an option is invalid.
 * @example
 * const OrderPlaced = eventType({ name: 'OrderPlaced', schema: z.object({ customer: z.string() }) });
 * const OrderShipped = eventType<'OrderShipped', { carrier: string }>({ name: 'OrderShipped' });
 *
 * const store = await connectEventStore({ servers, name: 'shop', events: [OrderPlaced, OrderShipped] });
 * await store.append(streamName('order', '42'), [OrderPlaced.create({ customer: 'ada' })]);
 */
export function eventType<const Type extends string, Schema extends StandardSchemaV1>(
  options: EventTypeOptions<Schema, SchemaData<Schema>> & { readonly name: Type; readonly schema: Schema },
): PlainEventType<Type, SchemaData<Schema>>;
export function eventType<const Type extends string, Data extends object = object>(
  options: EventTypeOptions<StandardSchemaV1, Data> & { readonly name: Type; readonly schema?: undefined },
): PlainEventType<Type, Data>;
export function eventType(options: EventTypeOptions & { readonly name: string }): PlainEventType {
  const { name, ...declared } = options;
  return new PlainEventType(name, declareEvent(name, declared));
}
