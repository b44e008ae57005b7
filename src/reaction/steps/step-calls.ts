import type { StepOrder } from '../../event/own-event-types.js';
import { Wakeup } from '../../kernel/wakeup.js';
import type { StoredStep } from './step-log.js';

/**
 * How long a step waits for stored ones that the code should have called by then, in milliseconds: code that runs
 * side by side calls them a moment later.
 */
const PATIENCE_MS = 1_000;

/** The steps that an earlier attempt has stored, by name. */
export type StoredSteps = ReadonlyMap<string, StoredStep>;

/** Which steps the code has called in this attempt, and whether that fits those that are stored. */
export class StepCalls {
  readonly #called = new Set<string>();
  readonly #done = new Set<string>();
  readonly #call = new Wakeup();

  has(name: string): boolean {
    return this.#called.has(name);
  }

  /** Takes note of a call. @returns what had been called and done before. */
  add(name: string): StepOrder {
    const order = { called: [...this.#called], done: [...this.#done] };
    this.#called.add(name);
    this.#call.wake();
    return order;
  }

  /** Takes note that a step is done. */
  finish(name: string): void {
    this.#done.add(name);
  }

  /**
   * Waits until the stored steps have been called that come before this one.
   *
   * @returns the names of those that the code does not call.
   */
  async missingBefore(
    name: string,
    stored: StoredSteps,
    signal: AbortSignal | undefined,
  ): Promise<readonly string[]> {
    const end = performance.now() + PATIENCE_MS;
    for (;;) {
      const missing = this.uncalled(stored).filter((step) => comesBefore(step, name, stored));
      const timeoutMs = end - performance.now();
      if (missing.length === 0 || timeoutMs <= 0) return missing.map((step) => step.name);
      await this.#call.wait({ timeoutMs, signal });
      signal?.throwIfAborted();
    }
  }

  /** The stored steps that the code has not called. */
  uncalled(stored: StoredSteps): StoredStep[] {
    return [...stored.values()].filter(({ name }) => !this.#called.has(name));
  }
}

/**
 * Whether a stored step has to be called before another one. Before a stored one: when it was done by then. Before
 * a new one: unless the new one was called first, and ran side by side with it.
 */
function comesBefore(step: StoredStep, name: string, stored: StoredSteps): boolean {
  const other = stored.get(name);
  return other === undefined ? !step.called.includes(name) : other.done.includes(step.name);
}
