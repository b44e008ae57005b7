import type { EventHandler } from './event-handler.js';
import type { FoldBatch, ModelFold } from './model-fold.js';

/** Calls a handler for each event, which writes through the transaction. */
export class StatementFold<Tx> implements ModelFold<Tx> {
  readonly #handlers: ReadonlyMap<string, EventHandler<Tx>>;
  readonly #clear: (tx: Tx) => Promise<unknown>;

  constructor(handlers: ReadonlyMap<string, EventHandler<Tx>>, clear: (tx: Tx) => Promise<unknown>) {
    this.#handlers = handlers;
    this.#clear = clear;
  }

  async apply(tx: Tx, batch: FoldBatch): Promise<void> {
    const { events, context } = batch;
    for (const [index, event] of events.entries()) {
      batch.handles(index);
      await this.#handlers.get(event.type)?.handle(event, tx, context);
    }
  }

  async clear(tx: Tx): Promise<unknown> {
    return this.#clear(tx);
  }
}
