import type { FoundConsumer } from './reactor-consumers.js';

interface Seen {
  /** Changes whenever something was handled. */
  readonly sign: string;
  /** Since when it has been seen so, with something pending; as `performance.now()` tells it. */
  readonly since: number;
}

/** Since when each consumer has had pending events without progress, as far as it was looked at. */
export class ProgressMemory {
  readonly #seen = new Map<string, Seen>();

  /** @param handled What its owner has handled by now. */
  note({ info }: FoundConsumer, handled: number): void {
    const sign = `${info.ack_floor.consumer_seq} ${info.ack_floor.stream_seq} ${handled}`;
    const isPending = info.num_pending + info.num_ack_pending > 0;
    if (!isPending) this.#seen.delete(info.name);
    else if (this.#seen.get(info.name)?.sign !== sign)
      this.#seen.set(info.name, { sign, since: performance.now() });
  }

  /** For how long it has made no progress, in milliseconds. */
  quietMs(consumer: string): number {
    const seen = this.#seen.get(consumer);
    return seen === undefined ? 0 : performance.now() - seen.since;
  }
}
