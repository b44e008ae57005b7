import type { EventClass } from '../../src/event/event-type.js';
import type { CommitBatch, FollowOptions } from '../../src/event-store/replay/follow-options.js';
import { InMemoryEventStore } from '../../src/testing/in-memory/in-memory-event-store.js';
import { resolveInMemoryOptions } from '../../src/testing/in-memory/in-memory-options.js';
import { InMemoryStorage } from '../../src/testing/in-memory/in-memory-storage.js';

/** An event store in memory that shows how it is followed, with the faults that projections meet. */
export class ProjectionLog extends InMemoryEventStore {
  override identity = 'identity-1';
  /** Options of the follows so far. */
  readonly follows: FollowOptions[] = [];
  /** Commits in one batch at most. */
  maxBatch = 500;
  readonly #storage: InMemoryStorage;
  readonly #broken = new AbortController();

  constructor(events: readonly EventClass[], storage = new InMemoryStorage()) {
    super(resolveInMemoryOptions({ events }), storage);
    this.#storage = storage;
  }

  /** The server's clock in milliseconds. */
  set now(milliseconds: number) {
    this.#storage.now = () => milliseconds;
  }

  override async *follow(options: FollowOptions): AsyncGenerator<CommitBatch, void, void> {
    this.follows.push(options);
    const signals = [this.#broken.signal, ...(options.signal === undefined ? [] : [options.signal])];
    const signal = AbortSignal.any(signals);
    for await (const batch of super.follow({
      ...options,
      maxBatch: options.maxBatch ?? this.maxBatch,
      signal,
    })) {
      this.#broken.signal.throwIfAborted();
      yield batch;
    }
    this.#broken.signal.throwIfAborted();
  }

  /** The replay ends with this error. */
  breakFollow(error: Error): void {
    this.#broken.abort(error);
  }

  /** The connection is lost and renewed: the replay is interrupted, and continues. */
  reconnect(): void {
    this.log.reconnect();
  }

  /** A commit is removed, as redaction does. */
  remove(sequence: number): void {
    this.#storage.remove(sequence);
  }

  /** Somebody else stores a message, without any check. */
  storeForeign(subject: string, body: string): void {
    this.#storage.store([{ subject, payload: new TextEncoder().encode(body), headers: {} }]);
  }

  /** A backup is restored: what is after the sequence is gone, and the sequences are given again. */
  restore(sequence: number): void {
    this.log.loseEnd(sequence);
  }
}

export function projectionLog(events: readonly EventClass[]): ProjectionLog {
  return new ProjectionLog(events);
}
