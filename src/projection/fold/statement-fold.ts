import type { RecordedEvent } from '../../event/recorded-event.js';
import type { FoldBatch, HandlerContext, ModelFold } from './model-fold.js';

/** Writes what follows from an event, through the transaction only. */
export type StatementHandler<Tx> = (
  event: RecordedEvent,
  tx: Tx,
  context: HandlerContext,
) => Promise<void> | void;

/** Calls a handler for each event, which writes through the transaction. */
export class StatementFold<Tx> implements ModelFold<Tx> {
  readonly #handlers: ReadonlyMap<string, StatementHandler<Tx>>;
  readonly #clear: (tx: Tx) => Promise<unknown>;

  constructor(handlers: ReadonlyMap<string, StatementHandler<Tx>>, clear: (tx: Tx) => Promise<unknown>) {
    this.#handlers = handlers;
    this.#clear = clear;
  }

  async apply(tx: Tx, batch: FoldBatch): Promise<void> {
    const { events, context } = batch;
    for (const [index, event] of events.entries()) {
      batch.handles(index);
      await this.#handlers.get(event.type)?.(event, tx, context);
    }
  }

  async clear(tx: Tx): Promise<unknown> {
    return this.#clear(tx);
  }
}
