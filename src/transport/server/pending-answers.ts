import { Subject } from 'rxjs';

/** The error that a caller gets when the service shuts down before it has an answer. */
const SHUTTING_DOWN = { status: 'error', message: 'The service is shutting down' };

/** Answers in progress, so that a shutdown can wait for them, and end those that take too long. */
export class PendingAnswers {
  readonly #ends = new Set<Subject<never>>();
  #onEmpty: (() => void) | undefined;

  /**
   * Adds an answer. `ended` errors when the answer has to end; `done` is called when its last packet has been
   * sent.
   */
  add(): { ended: Subject<never>; done: () => void } {
    const ended = new Subject<never>();
    this.#ends.add(ended);
    const done = (): void => {
      this.#ends.delete(ended);
      if (this.#ends.size === 0) this.#onEmpty?.();
    };
    return { ended, done };
  }

  /** Waits up to `graceMs` milliseconds; answers that are not done by then end with an error. */
  async end(graceMs: number): Promise<void> {
    await this.#untilEmpty(graceMs);
    for (const ended of [...this.#ends]) ended.error(SHUTTING_DOWN);
    // the errors are sent asynchronously
    await this.#untilEmpty(graceMs > 0 ? graceMs : 1_000);
  }

  async #untilEmpty(timeoutMs: number): Promise<void> {
    if (this.#ends.size === 0) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, timeoutMs);
      this.#onEmpty = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
