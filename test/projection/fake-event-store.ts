import { type StoredCommit, lastVersionOf } from '../../src/event/commit.js';
import { EventRegistry } from '../../src/event/event-registry.js';
import type { EventClass } from '../../src/event/event-type.js';
import { parsePosition, positionOf } from '../../src/event/position.js';
import type { RecordedEvent } from '../../src/event/recorded-event.js';
import type { StreamName } from '../../src/event/stream-name.js';
import { asVersion } from '../../src/event/version.js';
import {
  type AppendResult,
  type CommitBatch,
  EventStore,
  type FollowOptions,
  type StreamStatus,
  type StreamCommits,
} from '../../src/event-store/event-store.js';
import type { ReadAllStart } from '../../src/event-store/replay/read-all-start.js';
import type { StreamPage } from '../../src/event-store/listing/stream-page.js';

/** A log in memory with what projections use of it, and the faults that it can have. */
export class FakeEventStore extends EventStore {
  readonly name = 'fake';
  identity = 'identity-1';
  readonly registry: EventRegistry;
  /** Starts of the follows so far. */
  readonly follows: FollowOptions[] = [];
  maxBatch = 500;
  /** The server's clock in milliseconds, where a test sets it. */
  now: number | undefined;
  #commits: StoredCommit[] = [];
  #last = 0;
  #wakers = new Set<() => void>();
  #failure: Error | undefined;
  #recoveries = 0;

  constructor(events: readonly EventClass[]) {
    super();
    this.registry = new EventRegistry(events);
  }

  append(stream: StreamName, events: readonly object[]): Promise<AppendResult> {
    const at = this.now ?? Date.now();
    const previous = this.#commits.filter((commit) => commit.stream.toString() === stream.toString());
    const tail = previous.at(-1);
    this.#last += 1;
    const commit: StoredCommit = {
      stream,
      commitId: `commit-${this.#last}-${Math.random()}`,
      attemptId: 'attempt',
      number: previous.length + 1,
      firstVersion: tail === undefined ? 1 : lastVersionOf(tail) + 1,
      predecessors: [],
      metadata: { occurredAt: new Date(at).toISOString() },
      events: events.map((event) => this.registry.encode(event)),
      sequence: this.#last,
      time: at,
    };
    this.#commits.push(commit);
    this.#wake();
    return Promise.resolve({
      stream,
      version: asVersion(lastVersionOf(commit)),
      position: positionOf(this.#last, events.length - 1),
      committed: true,
      events: [],
    });
  }

  async *follow(options: FollowOptions): AsyncIterable<CommitBatch> {
    this.follows.push(options);
    let next = options.from;
    let recoveries = this.#recoveries;
    let told = false;
    while (options.signal?.aborted !== true) {
      if (this.#failure !== undefined) throw this.#failure;
      if (recoveries !== this.#recoveries) {
        recoveries = this.#recoveries;
        told = false;
        options.onRecovery?.('the connection was renewed');
      }
      const all = this.#commits.filter((c) => isFrom(c, next) && isWanted(c, options.categories));
      const commits = all.slice(0, this.maxBatch);
      const caughtUp = commits.length === all.length;
      const last = commits.at(-1);
      if (last !== undefined) next = { sequence: last.sequence + 1 };
      if (last !== undefined || !told) {
        told = caughtUp;
        yield { commits, caughtUp };
      } else await this.#news(options.signal);
    }
  }

  commitAt(sequence: number): Promise<StoredCommit | undefined> {
    return Promise.resolve(this.#commits.find((commit) => commit.sequence === sequence));
  }

  lastSequence(): Promise<number> {
    return Promise.resolve(this.#last);
  }

  /** The replay ends with this error. */
  breakFollow(error: Error): void {
    this.#failure = error;
    this.#wake();
  }

  /** The replay had to create its consumer again. */
  reconnect(): void {
    this.#recoveries += 1;
    this.#wake();
  }

  /** A commit is removed, as redaction does. */
  remove(sequence: number): void {
    this.#commits = this.#commits.filter((commit) => commit.sequence !== sequence);
  }

  /** A backup is restored: what came after the sequence is gone, and its sequences are used again. */
  restore(sequence: number): void {
    this.#commits = this.#commits.filter((commit) => commit.sequence <= sequence);
    this.#last = sequence;
  }

  transact(): Promise<never> {
    throw new TypeError('projections store nothing');
  }

  read(): AsyncIterable<RecordedEvent> {
    throw new TypeError('projections do not read streams');
  }

  readAll(): AsyncIterable<RecordedEvent> {
    throw new TypeError('projections do not read all');
  }

  status(): Promise<StreamStatus> {
    throw new TypeError('projections ask for no status');
  }

  readCommits(): Promise<StreamCommits> {
    throw new TypeError('projections fold no streams');
  }

  streamPage(): Promise<StreamPage> {
    throw new TypeError('projections list no streams');
  }

  async close(): Promise<void> {}

  #wake(): void {
    for (const waker of this.#wakers) waker();
    this.#wakers.clear();
  }

  async #news(signal: AbortSignal | undefined): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#wakers.add(resolve);
      signal?.addEventListener('abort', () => resolve(), { once: true });
    });
  }
}

function isWanted(commit: StoredCommit, categories: readonly string[] | undefined): boolean {
  return categories?.includes(commit.stream.category) ?? !commit.stream.category.startsWith('$');
}

function isFrom(commit: StoredCommit, start: ReadAllStart | undefined): boolean {
  if (start === undefined) return true;
  if ('sequence' in start) return commit.sequence >= start.sequence;
  if ('time' in start) return (commit.time ?? 0) >= start.time.getTime();
  if ('position' in start) return commit.sequence >= parsePosition(start.position).sequence;
  // as the port allows, the commit itself comes again: it may hold later events
  return commit.sequence >= parsePosition(start.after).sequence;
}
