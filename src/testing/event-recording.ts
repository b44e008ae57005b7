import { comparePositions } from '../event/position.js';
import type { RecordedEvent } from '../event/recorded-event.js';
import type { EventStore } from '../event-store/event-store.js';

/** What is stored from a moment on. Made by {@link recordEvents}. */
export interface EventRecording {
  /** The events that were stored since, published ones included, in the order of their positions. */
  recorded(): Promise<readonly RecordedEvent[]>;
  /** The same as {@link recorded}, only the events themselves. */
  events(): Promise<readonly object[]>;
}

/**
 * Begins to collect what is stored: the events of aggregates, and those that were published without one.
 *
 * @example
 * const recording = await recordEvents(store);
 * await commands.execute(new PlaceOrder('42'));
 * await untilHandled(store, reactors);
 * expect(await recording.events()).toEqual([new OrderPlaced('42'), new ReceiptSent('42')]);
 */
export async function recordEvents(store: EventStore): Promise<EventRecording> {
  const from = { sequence: (await store.lastSequence()) + 1 };
  const recorded = async (): Promise<readonly RecordedEvent[]> => {
    if ((await store.lastSequence()) < from.sequence) return [];
    const parts = await Promise.all([all(store, { from }), all(store, { from, categories: ['$bus'] })]);
    return parts.flat().toSorted((one, other) => comparePositions(one.position, other.position));
  };
  return {
    recorded,
    events: async () => (await recorded()).map((event) => store.registry.domainEventOf(event)),
  };
}

async function all(
  store: EventStore,
  options: Parameters<EventStore['readAll']>[0],
): Promise<RecordedEvent[]> {
  const events: RecordedEvent[] = [];
  for await (const event of store.readAll(options)) events.push(event);
  return events;
}
