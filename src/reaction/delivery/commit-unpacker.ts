import { LRUCache } from 'lru-cache';
import { openCommits } from '../../event/event-cipher.js';
import type { EventRegistry } from '../../event/event-registry.js';
import { recordedEvents, type RecordedEvent } from '../../event/recorded-event.js';
import { isSystemCategory } from '../../event/stream-name.js';
import { categoryOfSubject } from '../../event/subject.js';
import { commitOnSubject } from '../../event-store/replay/commit-replay.js';
import type { DeliveredMessage } from '../../jetstream/consume/delivered-message.js';
import { deliveryKey, type MessageOrigin } from '../parking/message-origin.js';
import { CommitProgress } from './commit-progress.js';
import type { PendingCall } from './handler-call.js';
import type { Unpacker } from './unpacker.js';

/** Commits whose progress is kept. One that was evicted is handled from its first event on. */
const MAX_PROGRESSES = 1_000;

/** Which events of an event store a handler is called with. */
export interface CommitUnpackerOptions {
  readonly registry: EventRegistry;
  /** The only event type that is wanted, by any of its names. @default all */
  readonly eventType?: string | undefined;
  /** The event types that are wanted, by any of their names. @default all */
  readonly eventTypes?: readonly string[] | undefined;
  /** Categories of jetsource's own (`$…`) whose events are wanted. @default none */
  readonly ownCategories?: readonly string[] | undefined;
}

/** One call for each event of a commit. Attempts are counted for each event. */
export class CommitUnpacker implements Unpacker<never> {
  readonly parkedBody = 'referenced' as const;
  readonly #registry: EventRegistry;
  readonly #eventTypes: ReadonlySet<string> | undefined;
  readonly #ownCategories: ReadonlySet<string>;
  readonly #progresses = new LRUCache<string, CommitProgress>({ max: MAX_PROGRESSES });
  /** Of messages that this process holds, for as long as it does: many others may come before the next attempt. */
  readonly #held = new WeakMap<DeliveredMessage, CommitProgress>();

  constructor({ registry, eventType, eventTypes, ownCategories = [] }: CommitUnpackerOptions) {
    this.#registry = registry;
    const wanted = eventTypes ?? (eventType === undefined ? undefined : [eventType]);
    this.#eventTypes = wanted && new Set(wanted.map((type) => registry.currentName(type)));
    this.#ownCategories = new Set(ownCategories);
  }

  /** Skips what jetsource itself keeps in a store, unless it is asked for. */
  isSkipped({ subject }: DeliveredMessage): boolean {
    const category = categoryOfSubject(subject) ?? '';
    return isSystemCategory(category) && !this.#ownCategories.has(category);
  }

  async unpack(message: DeliveredMessage, origin: MessageOrigin): Promise<readonly PendingCall<never>[]> {
    const events = await this.#eventsOf(message, origin);
    return this.#progressOf(message).pendingCalls({ message, origin }, events);
  }

  async #eventsOf(
    { subject, data, time }: DeliveredMessage,
    { sequence, eventId }: MessageOrigin,
  ): Promise<RecordedEvent[]> {
    const commit = commitOnSubject({ sequence, subject, data, time: time.getTime() });
    const isWanted = (type: string): boolean => this.#eventTypes?.has(type) ?? true;
    const opened = await openCommits([commit], this.#registry.cipher);
    const events = opened.flatMap((each) => recordedEvents(each, this.#registry, { isWanted }));
    return eventId === undefined ? events : events.filter(({ id }) => id === eventId);
  }

  #progressOf(message: DeliveredMessage): CommitProgress {
    const key = deliveryKey(message);
    const known = this.#held.get(message) ?? this.#progresses.get(key);
    const keep = (progress: CommitProgress): void => {
      this.#held.set(message, progress);
      this.#progresses.set(key, progress);
    };
    if (known === undefined) return new CommitProgress(keep);
    // of an earlier delivery
    this.#held.set(message, known);
    return known;
  }
}
