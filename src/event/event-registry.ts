import { types } from 'node:util';
import { EventRegistrationError, InvalidEventError } from '../kernel/errors.js';
import type { CommitEvent } from './commit.js';
import { type EventClass, type EventType, eventTypeOf } from './event-type.js';

/** The event types of a store: from class to stored name, and back to an instance of the class. */
export class EventRegistry {
  readonly #byName = new Map<string, EventType>();
  readonly #byClass = new Map<unknown, EventType>();

  /** @throws {@link EventRegistrationError} when two classes share a name, or a class has none. */
  constructor(classes: readonly EventClass[]) {
    for (const eventClass of classes) this.#register(eventTypeOf(eventClass));
  }

  /** The names that are registered, in the order given. */
  get names(): string[] {
    return [...this.#byName.keys()];
  }

  /** The name that events of the class are stored under. */
  nameOf(eventClass: EventClass): string {
    return this.#typeOf(eventClass, eventClass.name).name;
  }

  /**
   * An event as it is stored.
   *
   * @throws {@link EventRegistrationError} when its class is not registered.
   * @throws {@link InvalidEventError} when JSON cannot hold it.
   */
  encode(event: object): CommitEvent {
    if (typeof event !== 'object' || event === null)
      throw new InvalidEventError('an event must be an object');
    const type = this.#typeOf(event.constructor, event.constructor?.name ?? 'without a constructor');
    return { type: type.name, schemaVersion: type.schemaVersion, data: toPlainData(event, type.name) };
  }

  /** A stored event as an instance of its class; data of an unregistered type stay the plain object they are. */
  decode(event: CommitEvent): object {
    const type = this.#byName.get(event.type);
    if (type === undefined) return event.data as object;
    return instanceOf(type.eventClass.prototype as object, event.data as object);
  }

  /** A recorded event as a fold takes it. */
  domainEventOf({ data }: { readonly type: string; readonly data: object }): object {
    return data;
  }

  #register(type: EventType): void {
    const other = this.#byName.get(type.name);
    if (other !== undefined) {
      throw new EventRegistrationError(
        `event type ${type.name} is registered twice, by ${other.eventClass.name} and ${type.eventClass.name}`,
      );
    }
    this.#byName.set(type.name, type);
    this.#byClass.set(type.eventClass, type);
  }

  #typeOf(eventClass: unknown, name: string): EventType {
    const type = this.#byClass.get(eventClass);
    if (type === undefined) {
      throw new EventRegistrationError(
        `event class ${name} is not registered; add it to the store's events (known: ${this.names.join(', ')})`,
      );
    }
    return type;
  }
}

/** Stored data never reach a setter, `__proto__` above all, nor fail at a getter that the class has got since. */
function instanceOf(prototype: object, data: object): object {
  const instance = Object.create(prototype) as Record<string, unknown>;
  for (const [key, value] of Object.entries(data)) {
    if (key in prototype) {
      Object.defineProperty(instance, key, { value, writable: true, enumerable: true, configurable: true });
    } else instance[key] = value;
  }
  return instance;
}

/** A copy that shares nothing with the caller's object, so that a later change of it cannot reach the log. */
function toPlainData(event: object, type: string): unknown {
  const data = copyOf(event, type);
  if (typeof data === 'object' && data !== null && !Array.isArray(data)) return data;
  throw new InvalidEventError(`${type} must be an object in JSON; its toJSON gives something else`);
}

function copyOf(event: object, type: string): unknown {
  try {
    return JSON.parse(JSON.stringify(event, refuseMangled)) as unknown;
  } catch (cause) {
    throw new InvalidEventError(`${type} holds something that JSON cannot: ${(cause as Error).message}`, {
      cause,
    });
  }
}

/** JSON takes these and gives something else back: bytes as an object of numbers, collections as nothing at all. */
function refuseMangled(this: unknown, key: string, value: unknown): unknown {
  // what stood there before any toJSON, which a Buffer has
  const original = (this as Record<string, unknown>)[key];
  if (typeof original !== 'object' || original === null) return value;
  if (
    ArrayBuffer.isView(original) ||
    types.isAnyArrayBuffer(original) ||
    types.isMap(original) ||
    types.isSet(original)
  ) {
    throw new InvalidEventError(
      `${key} is a ${original.constructor.name}; store text (base64, say) or lists`,
    );
  }
  return value;
}
