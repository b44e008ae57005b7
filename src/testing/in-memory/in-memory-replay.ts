import type { StoredCommit } from '../../event/commit.js';
import { isSystemCategory } from '../../event/stream-name.js';
import { categoryOfSubject } from '../../event/subject.js';
import type { ReplayStart } from '../../jetstream/replay/replay-consumer.js';
import { checkCategories } from '../../event-store/replay/categories.js';
import type { CommitBatch } from '../../event-store/event-store.js';
import type { InMemoryLog, InMemoryMessage } from './in-memory-log.js';
import { decode } from './in-memory-reader.js';

/** What a replay covers. */
export interface InMemoryReplayOptions {
  readonly start: ReplayStart;
  readonly categories: readonly string[] | undefined;
  readonly maxBatch: number;
  readonly signal: AbortSignal | undefined;
  /** Asked before each batch: throws where the store is closed. */
  readonly checkOpen: () => void;
}

/** What was stored when the replay began. */
export async function* replayStored(
  log: InMemoryLog,
  options: InMemoryReplayOptions,
): AsyncGenerator<CommitBatch, void, void> {
  const cursor = new Cursor(log, options);
  const end = log.lastSequence;
  while (options.signal?.aborted !== true && cursor.next <= end) yield cursor.take(end);
}

/** What is stored, and what will be, until the signal aborts. Says once that it has caught up when there is nothing at the start. */
export async function* replayLive(
  log: InMemoryLog,
  options: InMemoryReplayOptions,
): AsyncGenerator<CommitBatch, void, void> {
  const cursor = new Cursor(log, options);
  let told = false;
  while (options.signal?.aborted !== true) {
    const batch = cursor.take(log.lastSequence);
    if (batch.commits.length > 0 || !told) yield batch;
    told = true;
    if (cursor.next > log.lastSequence) await cursor.news();
  }
}

class Cursor {
  /** Sequence of the next message to look at. */
  next: number;
  readonly #log: InMemoryLog;
  readonly #options: InMemoryReplayOptions;

  constructor(log: InMemoryLog, options: InMemoryReplayOptions) {
    checkCategories(options.categories);
    options.checkOpen();
    this.#log = log;
    this.#options = options;
    const { start } = options;
    this.next = 'time' in start ? log.sequenceAt(start.time.getTime()) : start.sequence;
  }

  /** The next commits that are wanted, up to a sequence. */
  take(end: number): CommitBatch {
    this.#options.checkOpen();
    const commits: StoredCommit[] = [];
    for (; this.next <= end; this.next += 1) {
      const message = this.#log.at(this.next);
      if (message === undefined || !this.#isWanted(message)) continue;
      if (commits.length === this.#options.maxBatch) return { commits, caughtUp: false };
      commits.push(decode(message));
    }
    return { commits, caughtUp: true };
  }

  /** Resolves when something was stored, the store was closed, or the signal aborted. */
  async news(): Promise<void> {
    const { signal } = this.#options;
    if (signal?.aborted === true) return;
    await new Promise<void>((resolve) => {
      const done = (): void => {
        stop();
        signal?.removeEventListener('abort', done);
        resolve();
      };
      const stop = this.#log.onStored(done);
      signal?.addEventListener('abort', done);
    });
  }

  #isWanted({ subject }: InMemoryMessage): boolean {
    const category = categoryOfSubject(subject) ?? '';
    return this.#options.categories?.includes(category) ?? !isSystemCategory(category);
  }
}
