import { lastVersionOf, type StoredCommit } from '../../event/commit.js';
import type { EventRegistry } from '../../event/event-registry.js';
import { type RecordedEvent, recordedRange } from '../../event/recorded-event.js';
import type { VersionRange } from './version-range.js';

/** Commits that a long read holds in memory at a time: few until their size is known. */
const WINDOW = { first: 256, max: 1_000 };
/** Assumed limit of events per commit: a few large commits say little about the others. */
const MOST_PER_COMMIT = 1_000;

/** A long read of one stream, part by part, from either end. */
export class ReadWindow {
  readonly #range: VersionRange;
  readonly #backward: boolean;
  /** The version to continue with. */
  #next: number;
  #size = WINDOW.first;
  readonly #perCommit: number;

  /** @param last The last commit of the stream. */
  constructor(range: VersionRange, backward: boolean, last: StoredCommit) {
    this.#range = range;
    this.#backward = backward;
    this.#next = backward ? range.to : range.from;
    this.#perCommit = Math.min(lastVersionOf(last) / last.number, MOST_PER_COMMIT);
  }

  get isDone(): boolean {
    return this.#next < this.#range.from || this.#next > this.#range.to;
  }

  /** The next versions to read: those of about so many commits at most. */
  next(most: number): VersionRange {
    const size = Math.ceil(Math.min(this.#size, most) * this.#perCommit);
    this.#size = Math.min(this.#size * 2, WINDOW.max);
    return this.#backward
      ? { from: Math.max(this.#range.from, this.#next - size + 1), to: this.#next }
      : { from: this.#next, to: Math.min(this.#range.to, this.#next + size - 1) };
  }

  /**
   * The events of the commits that hold those versions, in reading direction. A commit that reaches further
   * is used up and not read again.
   */
  eventsOf(commits: readonly StoredCommit[], registry: EventRegistry): RecordedEvent[] {
    const first = (commits[0] as StoredCommit).firstVersion;
    const last = lastVersionOf(commits.at(-1) as StoredCommit);
    const from = this.#backward ? this.#range.from : this.#next;
    const to = this.#backward ? this.#next : this.#range.to;
    this.#next = this.#backward ? first - 1 : last + 1;
    const events = commits.flatMap((commit) => {
      const { firstVersion } = commit;
      return recordedRange(commit, registry, { from: from - firstVersion, to: to - firstVersion });
    });
    return this.#backward ? events.toReversed() : events;
  }
}
