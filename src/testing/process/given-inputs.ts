import { EventRegistry, type EventDefinition } from '../../event/event-registry.js';
import { isEventWithMetadata } from '../../event/event-with-metadata.js';
import { type RecordedEvent, recordedEvents } from '../../event/recorded-event.js';
import type { StreamName } from '../../event/stream-name.js';

/** When the first event of a specification was stored, unless it says. */
const FIRST_TIME = Date.UTC(2000, 0, 1);
const STEP_MS = 1_000;

/** An event, and where and when it was stored. */
export interface GivenInput {
  readonly event: object;
  readonly stream: StreamName;
  /** In milliseconds since 1970; undefined: a second after the one before it. */
  readonly time: number | undefined;
}

/**
 * The events as a reactor would get them from a store: encoded, decoded, each in a commit of its own.
 *
 * @throws {@link EventRegistrationError}, {@link InvalidEventError} like an append.
 */
export function recordedInputs(
  inputs: readonly GivenInput[],
  definitions: readonly EventDefinition[],
): RecordedEvent[] {
  const registry = new EventRegistry(definitions);
  const versions = new Map<string, number>();
  let last = FIRST_TIME - STEP_MS;
  return inputs.flatMap(({ event, stream, time = last + STEP_MS }, index) => {
    last = time;
    const version = (versions.get(stream.toString()) ?? 0) + 1;
    versions.set(stream.toString(), version);
    const own = isEventWithMetadata(event) ? event : undefined;
    const commit = {
      stream,
      commitId: `00000000-0000-7000-8000-${String(index + 1).padStart(12, '0')}`,
      attemptId: '',
      number: version,
      firstVersion: version,
      predecessors: [],
      metadata: { occurredAt: new Date(time).toISOString() },
      events: [{ ...registry.encode(own?.event ?? event), metadata: own?.metadata }],
      sequence: index + 1,
      time,
    };
    return recordedEvents(commit, registry);
  });
}
