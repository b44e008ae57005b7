/**
 * A log that has answered nothing for this long may have been stopped and started again meanwhile, with an
 * older copy.
 */
const QUIET_MS = 200;

/** How a {@link LogEpoch} tells the time. */
export interface LogEpochOptions {
  /** A log that was not heard of for this long starts another epoch, in milliseconds. @default 200 */
  readonly quietMs?: number | undefined;
  /** Milliseconds of a clock that never goes back. @default `performance.now` */
  readonly now?: (() => number) | undefined;
}

/** What was known of a log when something was sent to it. */
export interface LogMark {
  readonly epoch: number;
  /** The highest sequence that had been seen. */
  readonly highest: number;
}

/**
 * Counts the times at which a log may have lost its end, as far as a client can tell. A new epoch begins with
 * a sign of a loss (a renewed connection, a lost consumer, a sequence that was given again), and after a time
 * in which the log did not answer: a restart takes longer.
 */
export class LogEpoch {
  readonly #quietMs: number;
  readonly #now: () => number;
  readonly #listeners = new Set<() => void>();
  #current = 1;
  /** The last epoch that began with a sign of a loss. */
  #lastSign = 1;
  #highest = 0;
  #heardAt: number;

  constructor({ quietMs = QUIET_MS, now = () => performance.now() }: LogEpochOptions = {}) {
    this.#quietMs = quietMs;
    this.#now = now;
    this.#heardAt = now();
  }

  /** The epoch, as of now. */
  get current(): number {
    this.#noteQuiet();
    return this.#current;
  }

  /**
   * Whether there was a sign of a loss since an epoch. What is on its way is planned again then, but not
   * after mere silence: a process that was busy itself has not heard anything either.
   */
  hasLostSince(epoch: number): boolean {
    return epoch < this.#lastSign;
  }

  /** To be taken before something is sent, and given to {@link stored} or {@link endsAt} with the answer. */
  mark(): LogMark {
    return { epoch: this.current, highest: this.#highest };
  }

  /** The leader has answered. */
  heard(): void {
    this.#noteQuiet();
    this.#heardAt = this.#now();
  }

  /** A message has been seen. */
  saw(sequence: number): void {
    if (sequence > this.#highest) this.#highest = sequence;
  }

  /**
   * A message was stored under that sequence, after the mark: one that had been seen before was given again.
   */
  stored(sequence: number, before: LogMark): void {
    if (before.epoch === this.#current && sequence <= before.highest) this.begin();
    this.saw(sequence);
  }

  /** The leader's log ends there, and ended there or earlier at the mark. */
  endsAt(sequence: number, before: LogMark): void {
    if (before.epoch === this.#current && sequence < before.highest) this.begin();
    this.saw(sequence);
  }

  /** There is a sign that the log may have lost its end: listeners are told. */
  begin(): void {
    this.#current += 1;
    this.#lastSign = this.#current;
    this.#highest = 0;
    this.#heardAt = this.#now();
    for (const listener of [...this.#listeners]) listener();
  }

  /** Nothing was heard of the log for a while: it may have lost its end, but nothing says so. */
  suspect(): void {
    this.#current += 1;
    this.#heardAt = this.#now();
  }

  /** Calls back at each sign of a loss. @returns what stops that. */
  onBegin(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #noteQuiet(): void {
    if (this.#now() - this.#heardAt > this.#quietMs) this.suspect();
  }
}
