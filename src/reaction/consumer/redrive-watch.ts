import type { DeadLetterStream } from '../../jetstream/dead-letters/dead-letter-stream.js';

/** How soon something that was redriven is noticed. */
const LOOK_MS = 1_000;

/** Called after each look with whether something is redriven to the consumer. */
export type RedriveListener = (isRedriven: boolean) => void;

/**
 * Looks for what is redriven to any handler of a service: one request a second, where a consumer for each
 * handler would be one more to keep for something rare.
 */
export class RedriveWatch {
  readonly #place: Pick<DeadLetterStream, 'redriven'>;
  readonly #listeners = new Map<string, RedriveListener>();
  #timer: NodeJS.Timeout | undefined;
  #isLooking = false;

  constructor(place: Pick<DeadLetterStream, 'redriven'>) {
    this.#place = place;
  }

  /** @param consumer The handler's consumer, which redriven messages are addressed to. */
  listen(consumer: string, listener: RedriveListener): void {
    this.#listeners.set(consumer, listener);
    this.#timer ??= this.#start();
  }

  /** No listener is called any more. The last one ends the watch. */
  leave(consumer: string): void {
    this.#listeners.delete(consumer);
    if (this.#listeners.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #start(): NodeJS.Timeout {
    void this.#look();
    const timer = setInterval(() => void this.#look(), LOOK_MS);
    timer.unref();
    return timer;
  }

  async #look(): Promise<void> {
    if (this.#isLooking) return;
    this.#isLooking = true;
    try {
      const redriven = new Set(await this.#place.redriven());
      for (const [consumer, listener] of [...this.#listeners]) listener(redriven.has(consumer));
    } catch {
      // without a server nothing is redriven; it is looked for again
    } finally {
      this.#isLooking = false;
    }
  }
}
