import { Subject } from 'rxjs';

/** What a caller is told when the service shuts down before it has an answer. */
const SHUTTING_DOWN = { status: 'error', message: 'The service is shutting down' };

/** Answers under way, so that a shutdown can wait for them, and end those that take too long. */
export class PendingAnswers {
  readonly #ends = new Set<Subject<never>>();
  #onEmpty: (() => void) | undefined;

  /** One more: what it gives errs when the answer has to end; `done` is to be called when the last of it has been sent. */
  add(): { ended: Subject<never>; done: () => void } {
    const ended = new Subject<never>();
    this.#ends.add(ended);
    const done = (): void => {
      this.#ends.delete(ended);
      if (this.#ends.size === 0) this.#onEmpty?.();
    };
    return { ended, done };
  }

  /** Waits for those under way; what is not done by then ends with an error. */
  async end(graceMs: number): Promise<void> {
    await this.#untilEmpty(graceMs);
    for (const ended of [...this.#ends]) ended.error(SHUTTING_DOWN);
    // the errors are sent in a moment, not at once
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
