import type { RecordedEvent } from '../../event/recorded-event.js';
import { BusyWatch } from '../../kernel/busy-watch.js';
import type { RunListener } from './run-event.js';

/** How long a handler may take before somebody is told, in milliseconds. */
export const DEFAULT_STUCK_AFTER_MS = 5_000;

/** Watches over the code of a projection and of its database: what never returns is told. */
export class RunWatch {
  readonly #watch: BusyWatch;
  #isAbandoned = false;

  constructor(listener: RunListener) {
    this.#watch = new BusyWatch({
      stuckAfterMs: listener.stuckAfterMs ?? DEFAULT_STUCK_AFTER_MS,
      onStuck: (stuck) => listener.on({ kind: 'stuck', stuck }),
      onResumed: () => listener.on({ kind: 'resumed' }),
    });
  }

  /** Nobody waits for the run any more: its transaction is rolled back when what it hangs in returns. */
  abandon(): void {
    this.#isAbandoned = true;
    this.#watch.stop();
  }

  /** @throws when the run was abandoned. */
  handles(event: RecordedEvent): void {
    this.begin(() => `the handler of ${event.type} at ${event.position} (${event.stream.toString()})`);
  }

  /** @throws when the run was abandoned. */
  begin(describe: () => string): void {
    if (this.#isAbandoned) throw new AbandonedRun();
    this.#watch.begin(describe);
  }

  end(): void {
    this.#watch.end();
  }

  stop(): void {
    this.#watch.stop();
  }
}

/** Rolls the transaction back. Nobody sees it, since nobody waits for the run. */
class AbandonedRun extends Error {
  override readonly name = 'AbandonedRun';
}
