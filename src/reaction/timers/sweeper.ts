import { describeThrown } from '../../kernel/describe-thrown.js';
import { Wakeup } from '../../kernel/wakeup.js';

/** A failed run is repeated this soon, in milliseconds. */
const AFTER_FAILURE_MS = 5_000;

interface SweeperOptions {
  readonly everyMs: number;
  /** Told why a run failed; it is repeated. */
  readonly onFailure: (reason: string) => void;
}

/** Runs something at its start, and now and then. */
export class Sweeper {
  readonly #run: (signal: AbortSignal) => Promise<void>;
  readonly #options: SweeperOptions;
  readonly #stopping = new AbortController();
  readonly #soon = new Wakeup();
  #isWanted = false;
  #running: Promise<void> | undefined;
  #problem: string | undefined;

  constructor(run: (signal: AbortSignal) => Promise<void>, options: SweeperOptions) {
    this.#run = run;
    this.#options = options;
  }

  /** Why the last run failed; undefined when it succeeded. */
  get problem(): string | undefined {
    return this.#problem;
  }

  start(): void {
    this.#running ??= this.#runUntilStopped();
  }

  /** Runs before its time. */
  runSoon(): void {
    this.#isWanted = true;
    this.#soon.wake();
  }

  /** Ends the run that is under way, and waits for its end. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  async #runUntilStopped(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      this.#isWanted = false;
      await this.#runOnce(signal);
      if (this.#isWanted) continue;
      // not all processes at the same time
      const everyMs = this.#options.everyMs * (0.75 + Math.random() / 2);
      const timeoutMs = this.#problem === undefined ? everyMs : Math.min(AFTER_FAILURE_MS, everyMs);
      await this.#soon.wait({ timeoutMs, signal });
    }
  }

  async #runOnce(signal: AbortSignal): Promise<void> {
    try {
      await this.#run(signal);
      this.#problem = undefined;
    } catch (error) {
      if (signal.aborted) return;
      this.#problem = describeThrown(error);
      this.#options.onFailure(this.#problem);
    }
  }
}
