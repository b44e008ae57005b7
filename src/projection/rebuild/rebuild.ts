import type { StoredCommit } from '../../event/commit.js';
import type { Position } from '../../event/position.js';
import { abortable } from '../../kernel/abortable.js';
import type { RebuildOptions, RebuildResult } from './rebuild-options.js';

/** A rebuild that is in progress: counts what is replayed, and ends once. */
export class Rebuild {
  readonly #onProgress: RebuildOptions['onProgress'];
  readonly #begun = performance.now();
  readonly #result: Promise<RebuildResult>;
  #resolve!: (result: RebuildResult) => void;
  #reject!: (error: Error) => void;
  #events = 0;
  #commits = 0;

  constructor(onProgress?: RebuildOptions['onProgress']) {
    this.#onProgress = onProgress;
    this.#result = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    // the caller may have stopped waiting before the rebuild fails
    this.#result.catch(() => undefined);
  }

  /** Its result, or the signal's reason. */
  async result(signal: AbortSignal | undefined): Promise<RebuildResult> {
    return abortable(this.#result, [signal]);
  }

  advance(position: Position, commits: readonly StoredCommit[]): void {
    this.#commits += commits.length;
    for (const commit of commits) this.#events += commit.events.length;
    const { durationMs: _, ...totals } = this.#totals();
    this.#onProgress?.({ ...totals, position });
  }

  complete(): void {
    this.#resolve(this.#totals());
  }

  fail(error: Error): void {
    this.#reject(error);
  }

  #totals(): RebuildResult {
    const durationMs = performance.now() - this.#begun;
    // an empty log is read in no time, which gives no rate
    const eventsPerSecond = Math.round((this.#events * 1_000) / Math.max(durationMs, 1));
    return { events: this.#events, commits: this.#commits, durationMs, eventsPerSecond };
  }
}
