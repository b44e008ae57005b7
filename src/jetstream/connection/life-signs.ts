/** How silence is told. */
export interface LifeSignOptions {
  /** How often a peer that says nothing is asked for a sign of life, in milliseconds. @default 1000 */
  readonly pingIntervalMs?: number | undefined;
  /** How many of these may be missed. @default 2 */
  readonly maxPingOut?: number | undefined;
}

/** What is watched. */
export interface WatchedLine {
  /** A number that grows with whatever arrives; undefined without a connection. */
  readonly received: number | undefined;
  /** Whether more of what waits to be sent has left since the last look: a slow line is not a silent one. */
  readonly isSending: boolean;
  /** Whether requests to the server waited since the last look, and none was answered. */
  readonly isUnanswered: boolean;
  /** Whether there are other servers to go to. */
  readonly hasOthers: boolean;
  /** Asks for a sign of life; resolves when it comes. */
  ping(): Promise<unknown>;
  /** Breaks the connection, so that another one is made. */
  leave(): void;
}

const PING_INTERVAL_MS = 1_000;
const MAX_PING_OUT = 2;
/** How long a peer may answer pings and nothing else. It grows with each attempt that did not help. */
const UNANSWERED_MS = { first: 5_000, max: 60_000 };

/**
 * Watches a connection for signs of life, and leaves a peer that gives none: without it a lost route or a
 * frozen server is noticed after minutes. Everything that arrives is such a sign, so that a slow line that is
 * busy is not taken for a dead one, as it would be by its pings alone. Silence is counted in looks and not in
 * time, since a process that was busy has not listened.
 *
 * A peer that answers pings but no request is cut off from the others: where there are others, it is left as
 * well.
 */
export class LifeSigns {
  readonly #line: WatchedLine;
  readonly #intervalMs: number;
  readonly #maxPingOut: number;
  readonly #timer: NodeJS.Timeout;
  #received: number | undefined;
  #silences = 0;
  #unanswered = 0;
  #patienceMs = UNANSWERED_MS.first;
  #pongs = 0;
  #isPinging = false;

  constructor(line: WatchedLine, { pingIntervalMs, maxPingOut }: LifeSignOptions = {}) {
    this.#line = line;
    this.#intervalMs = pingIntervalMs ?? PING_INTERVAL_MS;
    this.#maxPingOut = maxPingOut ?? MAX_PING_OUT;
    this.#timer = setInterval(() => this.#look(), this.#intervalMs);
    // the connection keeps the process alive, not the watch over it
    this.#timer.unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    const { received, isSending, isUnanswered } = this.#line;
    const total = received === undefined ? undefined : received + this.#pongs;
    const isAlive = total !== this.#received || isSending;
    this.#received = total;
    if (total === undefined) return this.#startOver();
    this.#silences = isAlive ? 0 : this.#silences + 1;
    this.#noteRequests(isUnanswered);
    const isCutOff = this.#unanswered * this.#intervalMs >= this.#patienceMs && this.#line.hasOthers;
    if (this.#silences > this.#maxPingOut || isCutOff) return this.#leave(isCutOff);
    if (!isAlive) this.#ping();
  }

  #noteRequests(areUnanswered: boolean): void {
    this.#unanswered = areUnanswered ? this.#unanswered + 1 : 0;
    if (!areUnanswered) this.#patienceMs = UNANSWERED_MS.first;
  }

  #leave(isCutOff: boolean): void {
    this.#startOver();
    if (isCutOff) this.#patienceMs = Math.min(this.#patienceMs * 2, UNANSWERED_MS.max);
    this.#line.leave();
  }

  #startOver(): void {
    this.#silences = 0;
    this.#unanswered = 0;
    this.#isPinging = false;
  }

  #ping(): void {
    if (this.#isPinging) return;
    this.#isPinging = true;
    void this.#line
      .ping()
      .then(() => (this.#pongs += 1))
      // the connection broke, which it tells by itself
      .catch(() => undefined)
      .finally(() => (this.#isPinging = false));
  }
}
