import { UnreadableEventError } from './event-errors.js';
import type { CommitEvent } from './commit.js';
import type { EventType } from './event-declaration.js';
import { faultsIn } from './event-schema.js';
import type { RecordedMetadata } from './metadata.js';
import type { Position } from './position.js';
import type { StreamName } from './stream-name.js';
import { type StoredData, type UpcastEvent, upcastEvents } from './upcast.js';

/** What a store does with events that it cannot read as they are meant. */
export interface EventPolicies {
  /**
   * With an event whose type is not registered, or whose schema version nothing leads from (such as one that a newer release wrote): `fail` the
   * read, `skip` the event, or hand it over `raw`, its data as stored. Readers that name `types`, and projections, never fail at a type that
   * they do not ask for. Counted in `store.registry.unreadable`.
   *
   * @default 'fail'
   */
  readonly onUnknownEvent?: 'fail' | 'skip' | 'raw' | undefined;
  /**
   * With a stored event that the schema of today refuses: `accept` it (no stored event is judged, which is faster), `skip` it, or `fail` the read.
   * Appends are judged in any case. Counted in `store.registry.unreadable`.
   *
   * @default 'accept'
   */
  readonly onInvalidEvent?: 'accept' | 'skip' | 'fail' | undefined;
}

/** An event as it is read: its type and version are those of today, whatever it was stored as. */
export interface DecodedEvent {
  readonly type: string;
  readonly schemaVersion: number;
  readonly data: object;
}

/** Where a stored event stands, and what is said of it. */
export interface EventPlace {
  readonly stream: StreamName;
  readonly position: Position;
  readonly metadata: RecordedMetadata;
}

/** Tells whether a reader asks for an event type. */
export type IsWanted = (type: string) => boolean;

/** One stored event on its way to what it stands for. */
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

/** Makes of stored events what they stand for today: upcast, with their fields decoded, as instances of their classes. */
export class EventDecoder {
  /** How many events were refused or dealt with by policy, by their stored type. */
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
    // true of most events of most logs: there is nothing to do but to make an instance
    if (known?.schemaVersion === schemaVersion && this.#isPlain(known)) return [revived(known, event.data)];
    return this.#read(event, { ...place, storedType: type, isWanted, steps: 0 });
  }

  #isPlain({ codec, schema }: EventType): boolean {
    return codec === undefined && (schema === undefined || this.#onInvalid === 'accept');
  }

  #read(event: DecodedEvent, reading: Reading): readonly DecodedEvent[] {
    const type = this.#types.get(event.type);
    if (type === undefined)
      return this.#unknown(event, reading, 'its type is not registered: add it to the events of the store');
    if (event.schemaVersion === type.schemaVersion) return this.#current(type, event, reading);
    if (event.schemaVersion > type.schemaVersion) {
      const reason = `a newer release wrote it, this one knows version ${type.schemaVersion}: update it`;
      return this.#unknown(event, reading, reason);
    }
    const upcast = type.upcasts[event.schemaVersion];
    if (upcast === undefined)
      return this.#unknown(event, reading, `nothing leads from that version: add an upcast to ${type.name}`);
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

  /** Also where invalid events are accepted, one that cannot be decoded fails: there is nothing to hand over. */
  #invalid(event: DecodedEvent, reading: Reading, { reason, cause }: ReadFault): DecodedEvent[] {
    this.#count(reading);
    if (this.#onInvalid === 'skip') return [];
    const remedy = 'fix the schema, add an upcast, or set another onInvalidEvent policy';
    throw unreadable(event, reading, { reason: `it is invalid (${reason}): ${remedy}`, cause });
  }

  #unknown(event: DecodedEvent, reading: Reading, reason: string): DecodedEvent[] {
    // its reader leaves it out, and the events beside it keep their ids
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
