import type { Status } from '@nats-io/transport-node';

/** News of a connection, to any number of listeners, until it is closed. */
export class StatusFeed {
  readonly #readers = new Set<(status: Status | undefined) => void>();

  tell(status: Status): void {
    for (const read of this.#readers) read(status);
  }

  close(): void {
    for (const read of this.#readers) read(undefined);
    this.#readers.clear();
  }

  /** The events from now on. */
  read(): AsyncIterable<Status> {
    const told: (Status | undefined)[] = [];
    let wake = (): void => undefined;
    this.#readers.add((status) => {
      told.push(status);
      wake();
    });
    return {
      async *[Symbol.asyncIterator]() {
        for (;;) {
          if (told.length === 0) await new Promise<void>((resolve) => (wake = resolve));
          const status = told.shift();
          if (status === undefined) return;
          yield status;
        }
      },
    };
  }
}
