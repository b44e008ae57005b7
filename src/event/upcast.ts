import { InvalidEventError } from './event-errors.js';
import type { JsonValue } from './json-value.js';
import type { RecordedMetadata } from './metadata.js';

/** Data of an event as stored. Fields are not decoded: a date is text. */
export type StoredData = Readonly<Record<string, JsonValue | undefined>>;

/** An event that an upcast returns. */
export interface UpcastEvent {
  /** A registered event type. */
  readonly type: string;
  /**
   * Schema version of the data. Older versions are upcast further. @default the current version of the type
   */
  readonly version?: number | undefined;
  /** The data in stored form. */
  readonly data: StoredData;
}

/**
 * Converts the data of one schema version to the next. It can return a list of events instead: several, one
 * of another type, or none. It must be synchronous and pure, and must not change its arguments: it runs each
 * time the event is read.
 */
export type Upcast = (data: StoredData, metadata: RecordedMetadata) => StoredData | readonly UpcastEvent[];

/** Upcasts by the schema version that they start from. */
export type Upcasts = Readonly<Record<number, Upcast>>;

/**
 * The result of an upcast as a list of events.
 *
 * @param next Type and version of the result if the upcast returned data: the same type, the next version.
 * @throws {@link InvalidEventError} when the result is invalid.
 */
export function upcastEvents(
  made: ReturnType<Upcast>,
  next: { readonly type: string; readonly version: number },
): readonly UpcastEvent[] {
  if (made instanceof Promise)
    throw new InvalidEventError('an upcast must be synchronous, but it returned a promise');
  const events = Array.isArray(made)
    ? (made as readonly UpcastEvent[])
    : [{ ...next, data: made as StoredData }];
  if (events.every(isUpcastEvent)) return events;
  throw new InvalidEventError('an upcast must return an object of data, or a list of { type, data }');
}

function isUpcastEvent(event: Partial<UpcastEvent> | null): boolean {
  if (typeof event !== 'object' || event === null) return false;
  return typeof event.type === 'string' && typeof event.data === 'object' && event.data !== null;
}
