/** Remembers what is under way, so that a close can wait for it. */
export class InFlight {
  readonly #tasks = new Set<Promise<unknown>>();

  async run<T>(task: () => Promise<T>): Promise<T> {
    const running = task();
    this.#tasks.add(running);
    try {
      return await running;
    } finally {
      this.#tasks.delete(running);
    }
  }

  /** Resolves when nothing is in flight any more, however it ended. */
  async drain(): Promise<void> {
    await Promise.allSettled(this.#tasks);
  }
}
