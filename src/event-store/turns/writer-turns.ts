import { Backoff } from '../../kernel/backoff.js';
import type { Deadline } from '../../kernel/deadline.js';
import { sleep } from '../../kernel/sleep.js';
import type { Admission } from './contended-stream.js';
import type { StreamTurns } from './stream-turns.js';

/** Conflicts on a stream after which a writer waits for its turn: the first ones are tried again at once. */
const QUICK_CONFLICTS = 2;

/**
 * The turns of one writer, a request or a command, on the streams that it writes. It waits for none while
 * nobody else writes them, and has one at a time: writers that wait for each other's would stop all.
 */
export class WriterTurns {
  readonly #turns: StreamTurns;
  readonly #deadline: Deadline;
  /** Conflicts so far, by stream. */
  readonly #conflicts = new Map<string, number>();
  /** The streams of the last conflict. */
  #lost: readonly string[] = [];
  #triedAt = performance.now();
  #lostMs = 0;
  #hasTurn = false;
  #admission: Admission | undefined;
  #backoff: Backoff | undefined;

  constructor(turns: StreamTurns, deadline: Deadline) {
    this.#turns = turns;
    this.#deadline = deadline;
  }

  /** Whether there is a turn to wait for. */
  isToWait(streams: Iterable<string>): boolean {
    return !this.#hasTurn && this.#contended(streams) !== undefined;
  }

  /**
   * Waits for the turn on one of these streams: the one that most conflicts were met on.
   *
   * @returns whether others are likely to have written since this process has.
   */
  async begin(streams: Iterable<string>): Promise<boolean> {
    if (!this.#turns.areKept) return this.#pause();
    const stream = this.#contended(streams);
    if (stream === undefined) return false;
    this.#hasTurn = true;
    const lostMs = this.#lost.includes(stream) ? this.#lostMs : undefined;
    this.#admission = await this.#turns.admit(stream, { deadline: this.#deadline, lostMs });
    this.#lost = [];
    this.#triedAt = performance.now();
    return this.#admission.othersWrote;
  }

  /** Gives up the turn. @param wrote Whether the streams were written. */
  end(wrote: boolean): void {
    this.#admission?.end(wrote);
    this.#admission = undefined;
    this.#hasTurn = false;
  }

  /** Other writers were first on these streams. */
  lost(streams: readonly string[]): void {
    const now = performance.now();
    this.#lostMs = now - this.#triedAt;
    this.#triedAt = now;
    this.#lost = streams;
    for (const stream of streams) this.#conflicts.set(stream, (this.#conflicts.get(stream) ?? 0) + 1);
  }

  /** The streams on which others were first so far. */
  get conflicts(): Iterable<string> {
    return this.#conflicts.keys();
  }

  /** The one with the most conflicts, the first by name of several: all who write them choose the same. */
  #contended(streams: Iterable<string>): string | undefined {
    let found: string | undefined;
    for (const stream of streams) {
      if (!this.#isContended(stream)) continue;
      if (found === undefined || this.#ranksBefore(stream, found)) found = stream;
    }
    return found;
  }

  #ranksBefore(one: string, other: string): boolean {
    const [conflicts, others] = [this.#conflicts.get(one) ?? 0, this.#conflicts.get(other) ?? 0];
    return conflicts === others ? one < other : conflicts > others;
  }

  #isContended(stream: string): boolean {
    const conflicts = this.#conflicts.get(stream) ?? 0;
    return conflicts >= QUICK_CONFLICTS || (this.#turns.areKept && this.#turns.isContended(stream));
  }

  /** Where processes cannot hear each other. */
  async #pause(): Promise<true> {
    this.#hasTurn = true;
    this.#backoff ??= new Backoff(2, 50);
    await sleep(Math.min(this.#backoff.next(), this.#deadline.leftMs));
    return true;
  }
}
