import type { Deadline } from './deadline.js';

/** Lets a bounded number of tasks run at a time; the others wait in the order of their calls. */
export class Semaphore {
  readonly #waiting = new Set<() => void>();
  #free: number;

  constructor(size: number) {
    this.#free = size;
  }

  /** Runs the task when there is a place for it, however long that takes. */
  async run<T>(task: () => Promise<T>): Promise<T> {
    await this.enter();
    try {
      return await task();
    } finally {
      this.leave();
    }
  }

  /**
   * Takes a place, to be given back by {@link leave}.
   *
   * @returns false when the deadline passed, or its signal aborted, before there was one.
   */
  async enter(deadline?: Deadline): Promise<boolean> {
    if (deadline?.passed === true) return false;
    if (this.#free > 0) {
      this.#free -= 1;
      return true;
    }
    return this.#wait(deadline);
  }

  leave(): void {
    const [next] = this.#waiting;
    if (next === undefined) this.#free += 1;
    else next();
  }

  async #wait(deadline: Deadline | undefined): Promise<boolean> {
    return new Promise((resolve) => {
      const end = (entered: boolean): void => {
        this.#waiting.delete(admit);
        stop?.();
        resolve(entered);
      };
      const admit = (): void => end(true);
      this.#waiting.add(admit);
      const stop = deadline?.onPassed(() => end(false));
    });
  }
}
