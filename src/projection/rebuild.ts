import type { StoredCommit } from '../event/commit.js';
import type { Position } from '../event/position.js';
import type { ReadAllStart } from '../event-store/replay/read-all-start.js';
import { abortable } from '../kernel/abortable.js';

/** How far a rebuild is. */
export interface RebuildProgress {
  /** Events replayed, those without a handler included. */
  readonly events: number;
  readonly commits: number;
  readonly eventsPerSecond: number;
  readonly position: Position;
}

export interface RebuildResult {
  readonly events: number;
  readonly commits: number;
  readonly durationMs: number;
  readonly eventsPerSecond: number;
}

/**
 * Where a rebuild begins: an event, a sequence of the JetStream stream, or a time of the server. Its end at the latest, and no time to
 * come, so that nothing that is appended later is skipped.
 */
export type RebuildStart = Exclude<ReadAllStart, { readonly after: Position }>;

export interface RebuildOptions {
  /** The model is then a fold from there on. @default the beginning of the log */
  readonly from?: RebuildStart | undefined;
  /** Told after each transaction. */
  readonly onProgress?: ((progress: RebuildProgress) => void) | undefined;
  /** Gives up waiting for the end. Once the model is cleared, the projection goes on with the replay all the same. */
  readonly signal?: AbortSignal | undefined;
}

/** A rebuild that is under way: it counts what is replayed, and settles once. */
export class Rebuild {
  readonly #onProgress: RebuildOptions['onProgress'];
  readonly #begun = performance.now();
  readonly #result: Promise<RebuildResult>;
  #resolve!: (result: RebuildResult) => void;
  #reject!: (error: Error) => void;
  #events = 0;
  #commits = 0;

  constructor(onProgress: RebuildOptions['onProgress']) {
    this.#onProgress = onProgress;
    this.#result = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    // whoever asked may have given up before it fails
    this.#result.catch(() => undefined);
  }

  /** Its end, or the signal's reason. */
  async result(signal: AbortSignal | undefined): Promise<RebuildResult> {
    return abortable(this.#result, [signal]);
  }

  /** @throws What `onProgress` throws. */
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
    // no time at all would be no rate
    const eventsPerSecond = Math.round((this.#events * 1_000) / Math.max(durationMs, 1));
    return { events: this.#events, commits: this.#commits, durationMs, eventsPerSecond };
  }
}
