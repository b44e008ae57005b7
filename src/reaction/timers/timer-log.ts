import { WrongExpectedVersionError } from '../../event-store/append/append-errors.js';
import type { AppendOptions, AppendResult } from '../../event-store/append/append-options.js';
import type { EventStore } from '../../event-store/event-store.js';
import { StartNotInLogError } from '../../event-store/replay/start-errors.js';
import type { RecordedMetadata } from '../../event/metadata.js';
import { TIMER_CANCELLED, TIMER_FIRED, TIMER_SCHEDULED } from '../../event/own-event-types.js';
import type { Position } from '../../event/position.js';
import type { RecordedEvent } from '../../event/recorded-event.js';
import { storedStream, type StreamName } from '../../event/stream-name.js';
import type { TimerRequest } from './timer-request.js';
import type { ScheduledTimer, TimerCommand } from './timers.js';

/** The category of the streams of timers: one stream for each id. */
const CATEGORY = '$timer';
const TYPES = [TIMER_SCHEDULED.name, TIMER_CANCELLED.name, TIMER_FIRED.name];
/** How often a cancel makes room for others that write the same timer. */
const TRIES = 20;

/** A timer, and the event that says so. */
export interface StoredTimer extends ScheduledTimer {
  readonly eventId: string;
}

/** A timer that is not done, as the store has it. */
export interface PendingTimer extends StoredTimer {
  /** Version of the event in the timer's stream. */
  readonly version: number;
  readonly metadata: RecordedMetadata;
}

/** Where to read on: after an event. */
export interface LogPlace {
  readonly position: Position;
  readonly eventId: string;
}

interface Signalled {
  readonly signal?: AbortSignal | undefined;
}

/**
 * What the store says of timers, which is the truth: a stream for each id, whose last event tells whether a
 * timer waits.
 */
export class TimerLog {
  readonly #store: EventStore;

  constructor(store: EventStore) {
    this.#store = store;
  }

  /**
   * Stores that a timer waits.
   *
   * @returns the timer; that of the first call where its command was handled before.
   */
  async schedule(
    { id, command, at }: TimerRequest,
    options: Pick<AppendOptions, 'commandId' | 'metadata' | 'signal'>,
  ): Promise<StoredTimer> {
    const stream = streamOf(id);
    const event = TIMER_SCHEDULED.create({ command, at: at.toISOString() });
    const appended = await this.#store.append(stream, [event], options);
    const [{ id: eventId, position }] = appended.events as [AppendResult['events'][number]];
    if (appended.committed) return { id, command, scheduledFor: at, position, eventId };
    const earlier = await this.#store.event(eventId, { stream, signal: options.signal });
    return timerIn(earlier as RecordedEvent) as PendingTimer;
  }

  /** The timer that waits under an id, or is due and not done, as the leader knows it. */
  async pending(id: string, { signal }: Signalled = {}): Promise<PendingTimer | undefined> {
    const newest = { direction: 'backward', limit: 1, consistency: 'leader', signal } as const;
    for await (const event of this.#store.read(streamOf(id), newest)) return timerIn(event);
    return undefined;
  }

  /** @returns the timer that was cancelled; undefined when none waits. */
  async cancel(id: string, { signal }: Signalled = {}): Promise<PendingTimer | undefined> {
    for (let left = TRIES; ; left -= 1) {
      const timer = await this.pending(id, { signal });
      if (timer === undefined) return undefined;
      try {
        const options = { expect: timer.version, signal };
        await this.#store.append(streamOf(id), [TIMER_CANCELLED.create({})], options);
        return timer;
      } catch (error) {
        if (!(error instanceof WrongExpectedVersionError) || left === 0) throw error;
      }
    }
  }

  /** Records that a timer was carried out, unless it was cancelled or replaced meanwhile. */
  async recordFired({ id, position, version }: PendingTimer): Promise<void> {
    try {
      const fired = TIMER_FIRED.create({ scheduled: position });
      await this.#store.append(streamOf(id), [fired], { expect: version });
    } catch (error) {
      if (!(error instanceof WrongExpectedVersionError)) throw error;
    }
  }

  /** The events of all timers after a place; of the whole log where it does not have that place any more. */
  async *eventsAfter(
    place: LogPlace | undefined,
    { signal }: Signalled = {},
  ): AsyncGenerator<RecordedEvent, void, void> {
    const wanted = { categories: [CATEGORY], types: TYPES, signal };
    try {
      const from = place && { after: place.position, eventId: place.eventId };
      yield* this.#store.readAll({ ...wanted, from });
    } catch (error) {
      if (place === undefined || !(error instanceof StartNotInLogError)) throw error;
      yield* this.#store.readAll(wanted);
    }
  }
}

/** The timer that an event says is waiting; undefined for one that ends it. */
export function timerIn({
  type,
  data,
  stream,
  position,
  id: eventId,
  version,
  metadata,
}: RecordedEvent): PendingTimer | undefined {
  if (type !== TIMER_SCHEDULED.name) return undefined;
  const { command, at } = data as { readonly command: TimerCommand; readonly at: string };
  return { id: stream.id, command, scheduledFor: new Date(at), position, eventId, version, metadata };
}

function streamOf(id: string): StreamName {
  return storedStream(CATEGORY, id);
}
