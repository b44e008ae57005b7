import { Deadline } from '../../kernel/deadline.js';

/** Whoever waits longer than this has the stream looked at. */
const PATIENCE_MS = 500;

/** What a deadline that passes early asks of a stream. */
export interface Watched {
  readonly gone: Error | undefined;
  /** Looks at the stream, without waiting. */
  look(): void;
}

/**
 * A deadline that passes as soon as the stream is known to be gone: the loops that wait for an answer look at
 * it each time.
 */
export class WatchedDeadline extends Deadline {
  readonly #watched: Watched;
  readonly #deadline: Deadline;
  readonly #startedAt = performance.now();

  constructor(watched: Watched, deadline: Deadline) {
    super(deadline.totalMs, deadline.signal);
    this.#watched = watched;
    this.#deadline = deadline;
  }

  override get leftMs(): number {
    if (performance.now() - this.#startedAt > PATIENCE_MS) this.#watched.look();
    return this.#watched.gone === undefined ? this.#deadline.leftMs : 0;
  }
}
