import { Wakeup } from '../../kernel/wakeup.js';

/** How long others wait for work that runs alone, and it for them, in milliseconds. */
const LONGEST_MS = 10_000;

/** What runs alone in one process, over all of its handlers: one after the other. */
export class IsolationScope {
  last: Promise<void> = Promise.resolve();
}

const THIS_PROCESS = new IsolationScope();

/**
 * Lets work run side by side, and some of it alone: while it runs, no other work of this handler does, and no
 * other handler of the process runs work alone. Work that takes long ends the isolation, so that it does not
 * stop its handler.
 */
export class Isolation {
  #running = 0;
  readonly #idle = new Wakeup();
  readonly #scope: IsolationScope;
  /** Settles when the work that runs alone has ended; undefined while none does. */
  #alone: Promise<void> | undefined;

  constructor(scope: IsolationScope = THIS_PROCESS) {
    this.#scope = scope;
  }

  /** Waits for nothing while no work runs alone. */
  shared<T>(work: () => Promise<T>): Promise<T> {
    return this.#alone === undefined ? this.#run(work) : this.#afterAlone(work);
  }

  /** Runs work when all that runs has ended, and keeps other work waiting until it has ended. */
  async alone<T>(work: () => Promise<T>): Promise<T> {
    const before = this.#scope.last;
    let end = (): void => undefined;
    const ended = new Promise<void>((resolve) => (end = resolve));
    this.#scope.last = ended;
    await atMost(before);
    this.#alone = ended;
    try {
      if (this.#running > 0) await this.#idle.wait({ timeoutMs: LONGEST_MS });
      return await work();
    } finally {
      if (this.#alone === ended) this.#alone = undefined;
      end();
    }
  }

  async #afterAlone<T>(work: () => Promise<T>): Promise<T> {
    const alone = this.#alone;
    if (alone !== undefined) await atMost(alone);
    // one that takes longer is alone no more
    if (this.#alone === alone) this.#alone = undefined;
    return this.#run(work);
  }

  async #run<T>(work: () => Promise<T>): Promise<T> {
    this.#running += 1;
    try {
      return await work();
    } finally {
      this.#running -= 1;
      if (this.#running === 0) this.#idle.wake();
    }
  }
}

async function atMost(work: Promise<void>): Promise<void> {
  const ended = new Wakeup();
  void work.then(() => ended.wake());
  await ended.wait({ timeoutMs: LONGEST_MS });
}
