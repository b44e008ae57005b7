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
import { isOwnEventName } from './own-event-name.js';
import { OWN_EVENT_TYPES } from './own-event-types.js';
import { toPlainData } from './plain-data.js';
import { type DomainEvent, isPlainEventType, type PlainEventType } from './plain-event-type.js';

/** An event type: a class with {@link Event}, or the result of {@link eventType}. */
export type EventDefinition = EventClass | PlainEventType;

/**
 * The event types of a store: the user's, and jetsource's own (`$…`). Encodes events to their stored form and
 * decodes them.
 */
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

  /**
   * @throws {@link EventRegistrationError} when two types share a name or an alias, or a class has no event
   *   type.
   */
  constructor(definitions: readonly EventDefinition[], policies: EventPolicies = {}) {
    for (const definition of [...OWN_EVENT_TYPES, ...definitions]) this.#register(definition);
    this.#decoder = new EventDecoder(this.#byName, policies);
    this.cipher = policies.cipher;
  }

  /** Names of the user's event types in the order given, without aliases. */
  get names(): string[] {
    return this.#users.map(([, { name }]) => name);
  }

  /** The event types in the order given. */
  get definitions(): EventDefinition[] {
    return [...this.#byDefinition.keys()] as EventDefinition[];
  }

  /**
   * The names under which a method of an aggregate class is found for an event: `on` and the name of its
   * type, or of its class.
   */
  get handlerNames(): string[] {
    const names = this.#users.flatMap(([definition, { name }]) => [
      `on${name}`,
      `on${(definition as EventDefinition).name}`,
    ]);
    return [...new Set(names)];
  }

  /**
   * Number of events that failed, were skipped or were returned raw, by stored type. Counted since the store
   * was opened.
   */
  get unreadable(): ReadonlyMap<string, number> {
    return this.#decoder.unreadable;
  }

  /**
   * The name of an event class or plain event type.
   *
   * @throws {@link EventRegistrationError} when it is not registered.
   */
  nameOf(definition: EventDefinition): string {
    return this.#typeOf(definition, definition.name).name;
  }

  /**
   * Encodes an event to its stored form.
   *
   * @throws {@link EventRegistrationError} when its type is not registered.
   * @throws {@link InvalidEventError} with the path of the fault, when its schema or JSON rejects it.
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
   * Decodes a stored event. Upcasts can return one event, several, or none.
   *
   * @param isWanted Filter by event type. A type that cannot be read does not fail if it is not wanted.
   * @throws {@link UnreadableEventError} when it cannot be read, unless a policy of the store skips it.
   */
  decode(stored: CommitEvent, place: EventPlace, isWanted: IsWanted): readonly DecodedEvent[] {
    return this.#decoder.decode(stored, place, isWanted);
  }

  /**
   * Whether a stored event can decode to a wanted type. True for any event with an upcast: the result is
   * known only after it ran.
   */
  mayBecome({ type, schemaVersion }: CommitEvent, isWanted: IsWanted): boolean {
    const known = this.#byName.get(type);
    return isWanted(known?.name ?? type) || known?.upcasts[schemaVersion] !== undefined;
  }

  /** The current name for a name or an alias. A name that is not registered is returned unchanged. */
  currentName(type: string): string {
    return this.#byName.get(type)?.name ?? type;
  }

  /**
   * A recorded event in the form that `evolve` and event handlers take: the instance of its class, or type
   * and data of a plain event.
   */
  domainEventOf({ type, data }: { readonly type: string; readonly data: object }): object {
    return this.#byName.get(type)?.prototype === undefined ? { type, data } : data;
  }

  /** What the user has registered. */
  get #users(): [unknown, EventType][] {
    return [...this.#byDefinition].filter(([, { name }]) => !isOwnEventName(name));
  }

  #register(definition: EventDefinition): void {
    const isPlain = isPlainEventType(definition);
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

  /** Undefined for an instance of an event class. */
  #plainTypeOf(event: object): EventType | undefined {
    if (this.#byDefinition.has(event.constructor) || !isDomainEvent(event)) return undefined;
    const type = this.#byName.get(event.type);
    if (type?.name === event.type && type.prototype === undefined) return type;
    const known = type === undefined ? undefined : this.#labelOf(event.type);
    throw new EventRegistrationError(
      known === undefined
        ? `event type ${event.type} is not registered; add it to the store's events (known: ${this.names.join(', ')})`
        : `events of type ${event.type} must be created with ${known}, not as plain objects`,
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
  return isPlainEventType(definition) ? `eventType('${definition.name}')` : definition.name;
}

function encodeData(type: EventType, event: object): CommitEvent {
  const { name, schemaVersion, schema } = type;
  if (typeof event !== 'object' || event === null)
    throw new InvalidEventError(`the data of ${name} must be an object`);
  const faults = schema === undefined ? undefined : faultsIn(name, schema, event);
  if (faults !== undefined) throw new InvalidEventError(`${name} is invalid: ${faults}`);
  return { type: name, schemaVersion, data: toPlainData(type, event) };
}
