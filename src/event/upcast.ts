import { InvalidEventError } from './event-errors.js';
import type { JsonValue, RecordedMetadata } from './metadata.js';

/** Data of an event as they stand in the log: before fields are decoded, so a date is its text. */
export type StoredData = Readonly<Record<string, JsonValue | undefined>>;

/** An event that an upcast makes of another one. */
export interface UpcastEvent {
  /** A registered event type. */
  readonly type: string;
  /** Schema version of the data; older ones are upcast further. @default the current one of the type */
  readonly version?: number | undefined;
  readonly data: StoredData;
}

/**
 * Makes the data of the next version out of those of one version; or a list of events that it stands for now: several, one of another type, or none
 * at all. A pure function of what is stored, which it leaves as it is: the same event is upcast each time it is read.
 */
export type Upcast = (data: StoredData, metadata: RecordedMetadata) => StoredData | readonly UpcastEvent[];

/** Upcasts by the version that they start from. */
export type Upcasts = Readonly<Record<number, Upcast>>;

/**
 * What an upcast has made, as a list.
 *
 * @param next What data alone are: the same type, one version on.
 * @throws {@link InvalidEventError} when it is nothing that an upcast may make.
 */
export function upcastEvents(
  made: ReturnType<Upcast>,
  next: { readonly type: string; readonly version: number },
): readonly UpcastEvent[] {
  if (made instanceof Promise) throw new InvalidEventError('an upcast answers at once, not by a promise');
  const events = Array.isArray(made)
    ? (made as readonly UpcastEvent[])
    : [{ ...next, data: made as StoredData }];
  if (events.every(isUpcastEvent)) return events;
  throw new InvalidEventError('an upcast gives an object of data, or a list of { type, data }');
}

function isUpcastEvent(event: Partial<UpcastEvent> | null): boolean {
  if (typeof event !== 'object' || event === null) return false;
  return typeof event.type === 'string' && typeof event.data === 'object' && event.data !== null;
}
