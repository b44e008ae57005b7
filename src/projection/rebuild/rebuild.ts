import { abortable } from '../../kernel/abortable.js';
import type { ModelId } from '../store/model-id.js';
import type { RebuildOptions, RebuildProgress, RebuildResult } from './rebuild-options.js';

/** What has been replayed so far, over all lanes. */
export interface ReplayedSoFar {
  readonly events: number;
  readonly commits: number;
  readonly position: RebuildProgress['position'] | undefined;
  readonly pending: number | undefined;
}

/** How long a database is not asked again, in milliseconds. */
const SEARCH_MS = 20;

/** A rebuild that somebody waits for. It ends once. */
export class Rebuild {
  readonly model: ModelId;
  readonly #onProgress: RebuildOptions['onProgress'];
  readonly #begun = performance.now();
  readonly #result: Promise<RebuildResult>;
  #resolve!: (result: RebuildResult) => void;
  #reject!: (error: Error) => void;
  #searchedAt = -Infinity;
  #last: ReplayedSoFar = { events: 0, commits: 0, position: undefined, pending: undefined };

  constructor(model: ModelId, onProgress?: RebuildOptions['onProgress']) {
    this.model = model;
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

  /** Whether it is time to ask the database whether the model is built. */
  maySearch(): boolean {
    const now = performance.now();
    if (now - this.#searchedAt < SEARCH_MS) return false;
    this.#searchedAt = now;
    return true;
  }

  advance(soFar: ReplayedSoFar): void {
    if (soFar.commits === this.#last.commits) return;
    this.#last = soFar;
    const { position, pending } = soFar;
    if (position === undefined) return;
    const { events, commits, eventsPerSecond } = this.#totals();
    const commitsPerSecond = (commits * 1_000) / this.#durationMs();
    const remainingSeconds = pending === undefined ? undefined : pending / commitsPerSecond;
    this.#onProgress?.({ events, commits, eventsPerSecond, position, pending, remainingSeconds });
  }

  complete(): void {
    this.#resolve(this.#totals());
  }

  fail(error: Error): void {
    this.#reject(error);
  }

  /** An empty log is read in no time, which gives no rate. */
  #durationMs(): number {
    return Math.max(performance.now() - this.#begun, 1);
  }

  #totals(): RebuildResult {
    const { events, commits } = this.#last;
    const durationMs = this.#durationMs();
    return { events, commits, durationMs, eventsPerSecond: Math.round((events * 1_000) / durationMs) };
  }
}
