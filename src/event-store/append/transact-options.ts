import type { NewEvent } from '../../event/new-event.js';
import type { Metadata } from '../../event/metadata.js';
import type { StreamLike } from '../../event/stream-name.js';
import type { AppendResult, Expectation, FoldedTo } from './append-options.js';

/** One stream of a transaction: what it must be like, and what is stored in it. */
export interface TransactionEntry<Events extends object = object> extends FoldedTo {
  /** The stream, as a name or as `category/id`. */
  readonly stream: StreamLike;
  /** What the stream must be like. @default 'any' */
  readonly expect?: Expectation | undefined;
  /** Without events the entry only checks its expectation. @default none */
  readonly events?: readonly NewEvent<Events>[] | undefined;
}

/** Options of a transaction. */
export interface TransactOptions {
  /**
   * As for an append. It names one transaction. Used again over the same streams, the call reports all that
   * was stored before. Over others it is refused with a {@link CommandIdReusedError}, if one of the streams
   * has a commit of that id.
   * @default none
   */
  readonly commandId?: string | undefined;
  /** Stored with each commit of the transaction. @default none */
  readonly metadata?: Metadata | undefined;
  /** How long to try until the outcome is known, in milliseconds. @default 15_000 */
  readonly deadlineMs?: number | undefined;
  /**
   * Ends the wait with its reason. What was sent by then may be stored (`outcome: 'unknown'`).
   * @default none
   */
  readonly signal?: AbortSignal | undefined;
}

/** The result of a transaction. */
export interface TransactionResult {
  /** Whether this call stored the events. */
  readonly committed: boolean;
  /** In the order of the entries; one without events reports the version that was checked. */
  readonly entries: readonly AppendResult[];
}
