/**
 * How many publishes may wait for the answer to a resend at a time. A server that falls silent has everything
 * that is in flight sent to it again; without a limit, all at once and again and again.
 */
export class ResendLimit {
  #free: number;

  constructor(size: number) {
    this.#free = size;
  }

  /** Takes a place if there is one. */
  tryEnter(): boolean {
    if (this.#free === 0) return false;
    this.#free -= 1;
    return true;
  }

  leave(): void {
    this.#free += 1;
  }
}
