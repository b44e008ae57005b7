import type { CheckMessages } from './check-messages.js';

const MINUTE_MS = 60_000;
/**
 * The first time is soon after the connect: what is left is of a process that was killed, often this one's
 * predecessor.
 */
const FIRST_MS = { min: 10_000, spread: 20_000 };
/** Then rarely. Each process sweeps: they are not to do it at once. */
const NEXT_MS = { min: 45 * MINUTE_MS, spread: 30 * MINUTE_MS };

/**
 * Removes now and then the checks that transactions of killed processes have left. It gives up for good when
 * it fails: the user may not be permitted to delete, and others sweep as well. It does not keep the process
 * alive.
 */
export class CheckSweeper {
  readonly #checks: CheckMessages;
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor(checks: CheckMessages) {
    this.#checks = checks;
    this.#schedule(FIRST_MS);
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  #schedule({ min, spread }: { readonly min: number; readonly spread: number }): void {
    if (this.#stopped) return;
    this.#timer = setTimeout(() => void this.#sweep(), min + Math.random() * spread).unref();
  }

  async #sweep(): Promise<void> {
    if (!this.#checks.mayDelete) return;
    try {
      await this.#checks.sweep(MINUTE_MS);
    } catch {
      return;
    }
    this.#schedule(NEXT_MS);
  }
}
