import type { RecordedEvent } from '../../event/recorded-event.js';

/** What a handler is told beside its event. */
export interface HandlerContext {
  /**
   * Whether the event is replayed: the model has not reached the end of the log yet, or readers do not see it
   * (any more). A handler that does more than write its model can leave that out then. It may still be called
   * twice for one event, when its transaction is repeated.
   */
  readonly isReplay: boolean;
}

/** Events for one transaction. */
export interface FoldBatch {
  /** In the order of the log; only types that the fold has a handler for. */
  readonly events: readonly RecordedEvent[];
  readonly context: HandlerContext;
  /** Whether other lanes may write the same rows. */
  readonly isShared: boolean;
  /**
   * Whether the events were parked before: then they are added to rows that hold later events as well.
   *
   * @default false
   */
  readonly isRedriven?: boolean | undefined;
  /** To be called right before the event with that index is handled: an error counts as its own. */
  handles(index: number): void;
  /** To be called before what concerns no single event, with what it is. */
  begins(what: string): void;
}

/** How a model is built from events: what the styles of projections differ in. */
export interface ModelFold<Tx> {
  /** Adds the events to the model. */
  apply(tx: Tx, batch: FoldBatch): Promise<void>;
  /** Empties the model. */
  clear(tx: Tx): Promise<unknown>;
}
