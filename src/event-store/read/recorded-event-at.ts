import { parsePosition, type Position } from '../../event/position.js';
import { type RecordedEvent, recordedEvents } from '../../event/recorded-event.js';
import type { EventStore } from '../event-store.js';

/** An event, by where it is and its id. */
export interface EventPlace {
  readonly position: Position;
  readonly eventId: string | undefined;
}

/**
 * The event at a position, also of jetsource's own categories, read from the leader. Undefined when the store does
 * not hold an event of that id there.
 */
export async function recordedEventAt(
  store: EventStore,
  { position, eventId }: EventPlace,
  signal?: AbortSignal,
): Promise<RecordedEvent | undefined> {
  const commit = await store.commitAt(parsePosition(position).sequence, { signal });
  return commit && recordedEvents(commit, store.registry).find(({ id }) => id === eventId);
}
