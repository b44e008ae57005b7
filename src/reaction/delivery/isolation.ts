/**
 * Lets work run side by side, and some of it alone: while it runs nothing else does. Work that comes later
 * waits.
 */
export class Isolation {
  #running = new Set<Promise<unknown>>();
  #alone: Promise<unknown> = Promise.resolve();

  /** Runs work beside other work. */
  async shared<T>(work: () => Promise<T>): Promise<T> {
    await this.#untilNoneIsAlone();
    const running = work();
    const ended = running.catch(() => undefined);
    this.#running.add(ended);
    try {
      return await running;
    } finally {
      this.#running.delete(ended);
    }
  }

  /** Runs work when all that runs has ended, and keeps other work waiting until it has ended. */
  async alone<T>(work: () => Promise<T>): Promise<T> {
    const before = this.#alone;
    let end = (): void => undefined;
    this.#alone = before.then(async () => new Promise<void>((resolve) => (end = resolve)));
    await before;
    await Promise.all(this.#running);
    try {
      return await work();
    } finally {
      end();
    }
  }

  async #untilNoneIsAlone(): Promise<void> {
    for (let alone; alone !== this.#alone;) {
      alone = this.#alone;
      await alone;
    }
  }
}
