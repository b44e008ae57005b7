import type { ReplayBatch, ReplayOptions } from '../../log/message-log.js';
import { Wakeup } from '../../kernel/wakeup.js';
import type { InMemoryMessage, InMemoryStorage } from './in-memory-storage.js';
import { matchesFilter } from './subject-filter.js';

/** The handle that a replay uses. */
export interface ReplayHandle {
  /** Throws if the handle is closed. */
  readonly checkOpen: () => void;
  /**
   * Registers a listener for lost and renewed connections.
   *
   * @returns a function that removes the listener.
   */
  readonly onInterrupt: (listener: (reason: string) => void) => () => void;
}

/** The stored messages, and new ones if the replay is live, until the signal aborts. */
export async function* replayStorage(
  storage: InMemoryStorage,
  options: ReplayOptions,
  handle: ReplayHandle,
): AsyncGenerator<ReplayBatch, void, void> {
  const cursor = new Cursor(storage, options);
  const end = options.live ? Infinity : storage.lastSequence;
  const stopListening = handle.onInterrupt((reason) => cursor.interrupt(reason));
  try {
    for (let hasReported = false; options.signal?.aborted !== true;) {
      handle.checkOpen();
      if (!options.live && cursor.next > end) return;
      hasReported &&= !cursor.takeInterrupt();
      const batch = cursor.take(Math.min(end, storage.lastSequence));
      // a replay that begins at the end, and one that was interrupted, report that they have caught up
      if (batch.messages.length > 0 || !hasReported) yield batch;
      hasReported = true;
      if (options.live && cursor.isAtEnd) await cursor.news();
    }
  } finally {
    stopListening();
  }
}

class Cursor {
  /** Sequence of the next message to look at. */
  next: number;
  readonly #storage: InMemoryStorage;
  readonly #options: ReplayOptions;
  #interrupted: string | undefined;

  constructor(storage: InMemoryStorage, options: ReplayOptions) {
    this.#storage = storage;
    this.#options = options;
    const { start } = options;
    this.next = 'time' in start ? storage.sequenceAt(start.time.getTime()) : start.sequence;
  }

  get isAtEnd(): boolean {
    return this.next > this.#storage.lastSequence && this.#interrupted === undefined;
  }

  interrupt(reason: string): void {
    this.#interrupted = reason;
  }

  /** Whether it was interrupted since the last time. */
  takeInterrupt(): boolean {
    const reason = this.#interrupted;
    this.#interrupted = undefined;
    if (reason !== undefined) this.#options.onRecovery?.(reason);
    return reason !== undefined;
  }

  /** The next matching messages, up to a sequence. */
  take(end: number): ReplayBatch {
    const messages: InMemoryMessage[] = [];
    for (; this.next <= end; this.next += 1) {
      const message = this.#storage.at(this.next);
      if (message === undefined || !this.#isWanted(message)) continue;
      if (messages.length === this.#options.maxBatch)
        return { messages, caughtUp: false, pending: this.#pending(end) };
      messages.push(message);
    }
    return { messages, caughtUp: true, pending: 0 };
  }

  #pending(end: number): number {
    let count = 0;
    for (let sequence = this.next; sequence <= end; sequence += 1) {
      const message = this.#storage.at(sequence);
      if (message !== undefined && this.#isWanted(message)) count += 1;
    }
    return count;
  }

  /** Resolves when something was stored, the handle was interrupted or closed, or the signal aborted. */
  async news(): Promise<void> {
    const wakeup = new Wakeup();
    const stopListening = this.#storage.onStored(() => wakeup.wake());
    try {
      await wakeup.wait({ signal: this.#options.signal });
    } finally {
      stopListening();
    }
  }

  #isWanted({ subject }: InMemoryMessage): boolean {
    const { filters } = this.#options;
    return filters.length === 0 || filters.some((filter) => matchesFilter(subject, filter));
  }
}
