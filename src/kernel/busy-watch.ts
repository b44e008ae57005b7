/** Longest time between two looks, in milliseconds. */
const LONGEST_LOOK_MS = 1_000;

/** A piece of work that does not end. */
export interface Stuck {
  /** What it is, such as `the handler of OrderPlaced at 7.0`. */
  readonly what: string;
  /** Since when it runs. */
  readonly since: Date;
}

/** How a {@link BusyWatch} watches. */
export interface BusyWatchOptions {
  /** Work that runs for longer than this is stuck, in milliseconds. */
  readonly stuckAfterMs: number;
  /** Told once for each piece of work that is stuck. Must not throw. */
  readonly onStuck: (stuck: Stuck) => void;
  /** Told when work that was stuck has ended. Must not throw. */
  readonly onResumed: () => void;
}

/**
 * Notices when one of several pieces of work, one after the other, does not end. One timer looks now and
 * then, since a timer for each piece would cost more than most of the work.
 */
export class BusyWatch {
  readonly #options: BusyWatchOptions;
  #timer: NodeJS.Timeout | undefined;
  #describe: (() => string) | undefined;
  #beganAt = 0;
  #isTold = false;

  constructor(options: BusyWatchOptions) {
    this.#options = options;
  }

  /** A piece of work begins, in place of the one before. */
  begin(describe: () => string): void {
    this.end();
    this.#describe = describe;
    this.#beganAt = performance.now();
    this.#timer ??= this.#look();
  }

  /** Nothing is being worked on. */
  end(): void {
    this.#describe = undefined;
    if (this.#isTold) this.#options.onResumed();
    this.#isTold = false;
  }

  /** Looks no more. */
  stop(): void {
    this.end();
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #look(): NodeJS.Timeout {
    const { stuckAfterMs, onStuck } = this.#options;
    const timer = setInterval(
      () => {
        if (this.#describe === undefined || this.#isTold) return;
        const ms = performance.now() - this.#beganAt;
        if (ms < stuckAfterMs) return;
        this.#isTold = true;
        onStuck({ what: this.#describe(), since: new Date(Date.now() - ms) });
      },
      Math.max(1, Math.min(stuckAfterMs / 4, LONGEST_LOOK_MS)),
    );
    timer.unref();
    return timer;
  }
}
