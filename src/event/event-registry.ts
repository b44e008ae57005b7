import { EventRegistrationError, InvalidEventError } from './event-errors.js';
import type { CommitEvent } from './commit.js';
import type { EventCipher } from './event-cipher.js';
import type { EventType } from './event-declaration.js';
import {
  type DecodedEvent,
  EventDecoder,
  type EventPlace,
  type EventPolicies,
  type IsWanted,
} from './event-decoder.js';
import { faultsIn } from './event-schema.js';
import { declarationOf, type EventClass } from './event-type.js';
import { toPlainData } from './plain-data.js';
import { type DomainEvent, PlainEventType } from './plain-event-type.js';

/** What names an event type: a class with {@link Event}, or what {@link eventType} made. */
export type EventDefinition = EventClass | PlainEventType;

/** The event types of a store: from an event to what is stored of it, and back. */
export class EventRegistry {
  readonly #byName = new Map<string, EventType>();
  readonly #byDefinition = new Map<unknown, EventType>();
  readonly #decoder: EventDecoder;
  /**
   * What events pass through on their way to the log and back; undefined where they are stored as they are.
   *
   * @internal
   */
  readonly cipher: EventCipher | undefined;

  /** @throws {@link EventRegistrationError} when two types share a name, or a class has none. */
  constructor(definitions: readonly EventDefinition[], policies: EventPolicies = {}) {
    for (const definition of definitions) this.#register(definition);
    this.#decoder = new EventDecoder(this.#byName, policies);
    this.cipher = policies.cipher;
  }

  /** The names that events are stored under, in the order given; aliases are left out. */
  get names(): string[] {
    return [...this.#byDefinition.values()].map(({ name }) => name);
  }

  /** How many events could not be read and were dealt with by policy, by their stored type. */
  get unreadable(): ReadonlyMap<string, number> {
    return this.#decoder.unreadable;
  }

  /** The name that events of that class or plain type are stored under. */
  nameOf(definition: EventDefinition): string {
    return this.#typeOf(definition, definition.name).name;
  }

  /**
   * An event as it is stored.
   *
   * @throws {@link EventRegistrationError} when its type is not registered.
   * @throws {@link InvalidEventError} when its schema refuses it, naming the path, or JSON cannot hold it.
   */
  encode(event: object): CommitEvent {
    if (typeof event !== 'object' || event === null)
      throw new InvalidEventError('an event must be an object');
    const plain = this.#plainTypeOf(event);
    return plain === undefined
      ? encodeData(this.#typeOf(event.constructor, event.constructor?.name ?? 'without a constructor'), event)
      : encodeData(plain, (event as DomainEvent).data);
  }

  /**
   * What a stored event stands for now: one event, several, or none.
   *
   * @param isWanted Types that the reader asks for: an unknown one that it does not ask for is no fault.
   * @throws {@link UnreadableEventError} when it cannot be told, unless the policy says otherwise.
   */
  decode(stored: CommitEvent, place: EventPlace, isWanted: IsWanted): readonly DecodedEvent[] {
    return this.#decoder.decode(stored, place, isWanted);
  }

  /** Whether a stored event may be read as one of a type that is wanted. What upcasts make of it shows only when they run. */
  mayBecome({ type, schemaVersion }: CommitEvent, isWanted: IsWanted): boolean {
    const known = this.#byName.get(type);
    return isWanted(known?.name ?? type) || known?.upcasts[schemaVersion] !== undefined;
  }

  /** The name of today of a type, given it or an alias; a name that is not registered as it is. */
  currentName(type: string): string {
    return this.#byName.get(type)?.name ?? type;
  }

  /** A recorded event as a fold takes it: the instance of its class, or type and data of a plain event. */
  domainEventOf({ type, data }: { readonly type: string; readonly data: object }): object {
    return this.#byName.get(type)?.prototype === undefined ? { type, data } : data;
  }

  #register(definition: EventDefinition): void {
    const isPlain = definition instanceof PlainEventType;
    const declaration = isPlain ? definition.declaration : declarationOf(definition);
    const type = { ...declaration, prototype: isPlain ? undefined : (definition.prototype as object) };
    for (const name of [type.name, ...type.aliases]) {
      if (this.#byName.has(name)) {
        throw new EventRegistrationError(
          `event type ${name} is registered twice, by ${this.#labelOf(name)} and ${labelOf(definition)}`,
        );
      }
      this.#byName.set(name, type);
    }
    this.#byDefinition.set(definition, type);
  }

  #labelOf(name: string): string {
    const type = this.#byName.get(name);
    const [definition] = [...this.#byDefinition].find(([, other]) => other === type) ?? [];
    return definition === undefined ? name : labelOf(definition as EventDefinition);
  }

  /** Undefined for what is no plain event, but an instance of a class. */
  #plainTypeOf(event: object): EventType | undefined {
    if (this.#byDefinition.has(event.constructor) || !isDomainEvent(event)) return undefined;
    const type = this.#byName.get(event.type);
    if (type?.name === event.type && type.prototype === undefined) return type;
    const known = type === undefined ? undefined : this.#labelOf(event.type);
    throw new EventRegistrationError(
      known === undefined
        ? `event type ${event.type} is not registered; add it to the store's events (known: ${this.names.join(', ')})`
        : `events of type ${event.type} are made by ${known}, not as plain objects of that name`,
    );
  }

  #typeOf(definition: unknown, name: string): EventType {
    const type = this.#byDefinition.get(definition);
    if (type !== undefined) return type;
    throw new EventRegistrationError(
      `event class ${name} is not registered; add it to the store's events (known: ${this.names.join(', ')})`,
    );
  }
}

function isDomainEvent(event: object): event is DomainEvent {
  return 'type' in event && typeof event.type === 'string' && 'data' in event;
}

function labelOf(definition: EventDefinition): string {
  return definition instanceof PlainEventType ? `eventType('${definition.name}')` : definition.name;
}

function encodeData(type: EventType, event: object): CommitEvent {
  const { name, schemaVersion, schema, codec } = type;
  if (typeof event !== 'object' || event === null)
    throw new InvalidEventError(`${name} must have an object as its data`);
  const faults = schema === undefined ? undefined : faultsIn(name, schema, event);
  if (faults !== undefined) throw new InvalidEventError(`${name} is invalid: ${faults}`);
  return {
    type: name,
    schemaVersion,
    data: toPlainData(codec === undefined ? event : codec.toJson(event), name),
  };
}
