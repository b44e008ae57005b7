import type { EventDefinition } from '../../event/event-registry.js';
import { isPlainEventType } from '../../event/plain-event-type.js';
import type { RecordedEvent } from '../../event/recorded-event.js';
import type { DataOf } from '../../projection/definition/projection-options.js';
import { addOnMethod } from './projection-class-metadata.js';
import { ProjectionClassError } from './projection-class-errors.js';

type AnyMethod = (...args: never[]) => unknown;

/** The recorded event of any of the types. */
type EventOfAny<Definition extends EventDefinition> = Definition extends EventDefinition
  ? RecordedEvent<DataOf<Definition>>
  : never;

type First<Parameters extends readonly unknown[]> = Parameters extends readonly []
  ? unknown
  : Parameters extends readonly [(infer Parameter)?, ...unknown[]]
    ? Parameter
    : unknown;

type Second<Parameters extends readonly unknown[]> = Parameters extends readonly [
  unknown?,
  ...infer Rest extends readonly unknown[],
]
  ? First<Rest>
  : unknown;

/**
 * Whether a method takes an event: as its first parameter (statements, live), or as its second one, after a
 * row.
 */
type Takes<Parameters extends readonly unknown[], Recorded> = [Recorded] extends [First<Parameters>]
  ? true
  : [First<Parameters>] extends [RecordedEvent]
    ? false
    : [Recorded] extends [Second<Parameters>]
      ? true
      : false;

/** What a descriptor has to be beside that of the method: nothing, or what no descriptor is. */
type Fits<Method extends AnyMethod, Recorded> =
  Takes<Parameters<Method>, Recorded> extends true
    ? unknown
    : { readonly 'the method does not take every event of @On': Recorded };

/**
 * Makes a method of a class with {@link Projection} or {@link LiveProjection} the handler of an event type, or
 * of several. Methods of base classes count. A method whose event has another type does not compile.
 *
 * @param events Event classes, or what `eventType` declared.
 * @throws {@link ProjectionClassError} when one of them is neither, when there is none, and on what is no
 * method.
 * @example
 * \@On(OrderPlaced, OrderShipped)
 * async note(event: RecordedEvent<OrderPlaced | OrderShipped>, tx: PGliteTransaction): Promise<void> {
 *   await tx.query('insert into history values ($1, $2)', [event.stream.id, event.type]);
 * }
 */
export function On<const Definitions extends readonly [EventDefinition, ...EventDefinition[]]>(
  ...events: Definitions
) {
  return <Method extends AnyMethod>(
    prototype: object,
    method: string | symbol,
    descriptor: TypedPropertyDescriptor<Method> & Fits<Method, EventOfAny<Definitions[number]>>,
  ): void => {
    const className = typeof prototype === 'function' ? prototype.name : prototype.constructor.name;
    const place = `@On of ${String(method)}`;
    const refuse = (reason: string): ProjectionClassError => new ProjectionClassError({ className, reason });
    if (
      typeof prototype === 'function' ||
      typeof (descriptor as PropertyDescriptor | undefined)?.value !== 'function'
    )
      throw refuse(`${place} is not on a method; @On belongs on methods of instances`);
    if (events.length === 0) throw refuse(`${place} names no event type, such as @On(OrderPlaced)`);
    for (const event of events as readonly unknown[]) {
      if (typeof event === 'function' || isPlainEventType(event)) continue;
      throw refuse(
        `${place} is given ${String(event)}, which is no event class and no result of eventType(…); ` +
          'where it is undefined, the files import each other in a circle',
      );
    }
    addOnMethod(prototype, { method, events });
  };
}
