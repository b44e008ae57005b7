import { UnreadableEventError } from './event-errors.js';
import type { CommitEvent } from './commit.js';
import type { EventCipher } from './event-cipher.js';
import type { EventType } from './event-declaration.js';
import { faultsIn } from './event-schema.js';
import type { RecordedMetadata } from './metadata.js';
import type { Position } from './position.js';
import type { StreamName } from './stream-name.js';
import { type StoredData, type UpcastEvent, upcastEvents } from './upcast.js';

/** What a store does with events that it cannot read. */
export interface EventPolicies {
  /**
   * For an event whose type is not registered, or whose schema version has no upcast (a newer release may
   * have written it): `fail` the read, `skip` the event, or return it `raw` with its data as stored. Reads
   * with `types` and projections never fail at a type that they do not ask for. Counted in
   * `store.registry.unreadable`.
   *
   * @default 'fail'
   */
  readonly onUnknownEvent?: 'fail' | 'skip' | 'raw' | undefined;
  /**
   * For a stored event that fails the current schema: `accept` it (stored events are not validated, which is
   * faster), `skip` it, or `fail` the read. Appends are always validated. Counted in
   * `store.registry.unreadable`.
   *
   * @default 'accept'
   */
  readonly onInvalidEvent?: 'accept' | 'skip' | 'fail' | undefined;
  /**
   * What events pass through on their way to the log and back. @default none
   *
   * @internal
   */
  readonly cipher?: EventCipher | undefined;
}

/** A decoded event, with the current type name and schema version whatever it was stored as. */
export interface DecodedEvent {
  /** The current name of the event type. */
  readonly type: string;
  /** Schema version of `data`: the current one of the type, unless the event is returned raw. */
  readonly schemaVersion: number;
  /** An instance of the registered class; plain data for a type without a class. */
  readonly data: object;
}

/** Position and metadata of a stored event. */
export interface EventPlace {
  /** The stream of the event. */
  readonly stream: StreamName;
  /** Position of the event in the store. */
  readonly position: Position;
  /** Metadata of the event. */
  readonly metadata: RecordedMetadata;
}

/** Returns true for an event type that the reader asks for. */
export type IsWanted = (type: string) => boolean;

/** State of decoding one stored event. */
interface Reading extends EventPlace {
  readonly storedType: string;
  readonly isWanted: IsWanted;
  steps: number;
}

/** Why an event cannot be read. */
interface ReadFault {
  readonly reason: string;
  readonly cause?: unknown;
}

/** Upcasts that form a cycle end in an error here, not in an endless loop. */
const MOST_STEPS = 1_000;

/** Decodes stored events: upcasts them, decodes their fields, and creates instances of their classes. */
export class EventDecoder {
  /** Number of events that failed, were skipped or were returned raw, by stored type. */
  readonly unreadable = new Map<string, number>();
  readonly #types: ReadonlyMap<string, EventType>;
  readonly #onUnknown: 'fail' | 'skip' | 'raw';
  readonly #onInvalid: 'accept' | 'skip' | 'fail';

  constructor(types: ReadonlyMap<string, EventType>, policies: EventPolicies) {
    this.#types = types;
    this.#onUnknown = policies.onUnknownEvent ?? 'fail';
    this.#onInvalid = policies.onInvalidEvent ?? 'accept';
  }

  decode(stored: CommitEvent, place: EventPlace, isWanted: IsWanted): readonly DecodedEvent[] {
    const { type, schemaVersion } = stored;
    const event = { type, schemaVersion, data: stored.data as object };
    const known = this.#types.get(type);
    // the fast path for most events: no upcast, no codec, no validation
    if (known?.schemaVersion === schemaVersion && this.#isPlain(known)) return [revived(known, event.data)];
    return this.#read(event, { ...place, storedType: type, isWanted, steps: 0 });
  }

  #isPlain({ codec, schema }: EventType): boolean {
    return codec === undefined && (schema === undefined || this.#onInvalid === 'accept');
  }

  #read(event: DecodedEvent, reading: Reading): readonly DecodedEvent[] {
    const type = this.#types.get(event.type);
    if (type === undefined)
      return this.#unknown(
        event,
        reading,
        'its type is not registered: add it to the events option of the store',
      );
    if (event.schemaVersion === type.schemaVersion) return this.#current(type, event, reading);
    if (event.schemaVersion > type.schemaVersion) {
      const reason = `it has a newer schema version than this program knows (${type.schemaVersion}): update the program`;
      return this.#unknown(event, reading, reason);
    }
    const upcast = type.upcasts[event.schemaVersion];
    if (upcast === undefined)
      return this.#unknown(event, reading, `there is no upcast from that version: add one to ${type.name}`);
    return this.#upcast(event, reading, () => {
      const made = upcast(event.data as StoredData, reading.metadata);
      return upcastEvents(made, { type: type.name, version: event.schemaVersion + 1 });
    });
  }

  #upcast(event: DecodedEvent, reading: Reading, upcast: () => readonly UpcastEvent[]): DecodedEvent[] {
    reading.steps += 1;
    if (reading.steps > MOST_STEPS) throw unreadable(event, reading, { reason: 'its upcasts form a cycle' });
    return this.#run(event, reading, upcast).flatMap(({ type, version, data }) => {
      const schemaVersion = version ?? this.#types.get(type)?.schemaVersion ?? 1;
      return this.#read({ type, schemaVersion, data }, reading);
    });
  }

  #run<T>(event: DecodedEvent, reading: Reading, upcast: () => T): T {
    try {
      return upcast();
    } catch (cause) {
      throw unreadable(event, reading, { reason: `its upcast failed: ${(cause as Error).message}`, cause });
    }
  }

  #current(type: EventType, event: DecodedEvent, reading: Reading): DecodedEvent[] {
    let data: object;
    try {
      data = type.codec === undefined ? event.data : type.codec.fromJson(event.data);
    } catch (cause) {
      return this.#invalid(event, reading, { reason: (cause as Error).message, cause });
    }
    const faults =
      type.schema === undefined || this.#onInvalid === 'accept'
        ? undefined
        : faultsIn(type.name, type.schema, data);
    return faults === undefined ? [revived(type, data)] : this.#invalid(event, reading, { reason: faults });
  }

  /** An event that cannot be decoded fails with `accept` as well: there is no data to return. */
  #invalid(event: DecodedEvent, reading: Reading, { reason, cause }: ReadFault): DecodedEvent[] {
    this.#count(reading);
    if (this.#onInvalid === 'skip') return [];
    const remedy = 'fix the schema, add an upcast, or set another onInvalidEvent policy';
    throw unreadable(event, reading, { reason: `it is invalid (${reason}): ${remedy}`, cause });
  }

  #unknown(event: DecodedEvent, reading: Reading, reason: string): DecodedEvent[] {
    // the reader filters it out; the ids of its siblings count it
    if (!reading.isWanted(event.type)) return [event];
    this.#count(reading);
    if (this.#onUnknown === 'raw') return [event];
    if (this.#onUnknown === 'skip') return [];
    throw unreadable(event, reading, { reason: `${reason}, or set another onUnknownEvent policy` });
  }

  #count({ storedType }: Reading): void {
    this.unreadable.set(storedType, (this.unreadable.get(storedType) ?? 0) + 1);
  }
}

function unreadable(
  { type, schemaVersion }: DecodedEvent,
  { stream, position }: Reading,
  { reason, cause }: ReadFault,
): UnreadableEventError {
  const details = { stream: stream.toString(), position, type, schemaVersion, reason };
  return new UnreadableEventError(details, cause === undefined ? {} : { cause });
}

function revived({ name, schemaVersion, prototype }: EventType, data: object): DecodedEvent {
  return { type: name, schemaVersion, data: prototype === undefined ? data : instanceOf(prototype, data) };
}

/**
 * Defines properties directly, so that stored data cannot call a setter (`__proto__` above all) or fail at a
 * getter that was added to the class later.
 */
function instanceOf(prototype: object, data: object): object {
  const instance = Object.create(prototype) as Record<string, unknown>;
  for (const [key, value] of Object.entries(data)) {
    if (key in prototype) {
      Object.defineProperty(instance, key, { value, writable: true, enumerable: true, configurable: true });
    } else instance[key] = value;
  }
  return instance;
}
