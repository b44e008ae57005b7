/** Ends an attempt whose handler waits for longer than the attempt may. */
export class Suspension {
  readonly #begun: Promise<void>;
  readonly #running = new Set<Promise<unknown>>();
  #begin: () => void = () => undefined;
  #until: Date | undefined;

  constructor() {
    this.#begun = new Promise((resolve) => (this.#begin = resolve));
  }

  /** Runs a step, unless the attempt is ending: then the promise never settles. */
  async during<T>(step: () => Promise<T>): Promise<T> {
    if (this.#until !== undefined) return never();
    const running = step();
    this.#running.add(running);
    try {
      return await running;
    } finally {
      this.#running.delete(running);
    }
  }

  /** Lets the attempt end until a time. The promise never settles. */
  async suspend(until: Date): Promise<never> {
    if (this.#until === undefined || until < this.#until) this.#until = until;
    this.#begin();
    return never();
  }

  /** Runs the handler until it ends, or the attempt does. What it rejects with after that reaches nobody. */
  async orEnd<T>(work: () => Promise<T>): Promise<'suspended' | { readonly value: T }> {
    const ended = work().then((value) => ({ value }));
    const suspended = this.#begun.then(() => 'suspended' as const);
    return Promise.race([ended, suspended]);
  }

  /** When the event is wanted again. Waits for the steps that are running. */
  async until(): Promise<Date> {
    while (this.#running.size > 0) await Promise.allSettled(this.#running);
    return this.#until ?? new Date();
  }
}

async function never(): Promise<never> {
  return new Promise<never>(() => undefined);
}
