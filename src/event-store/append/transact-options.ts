import type { Metadata } from '../../event/metadata.js';
import type { StreamLike } from '../../event/stream-name.js';
import type { AppendResult, Expectation, FoldedTo } from './append-options.js';

/** One stream of a transaction: what it must be like, and what is stored in it. */
export interface TransactionEntry extends FoldedTo {
  /** The stream, as a name or as `category/id`. */
  readonly stream: StreamLike;
  /** What the stream must be like. @default 'any' */
  readonly expect?: Expectation | undefined;
  /** Without events the entry only checks its expectation. @default none */
  readonly events?: readonly object[] | undefined;
}

/** Options of a transaction. */
export interface TransactOptions {
  /**
   * As for an append. It names one transaction: used again over the same streams, what it stored before is reported, all of it; over others it is
   * refused with a {@link CommandIdReusedError} where one of the streams has a commit of that id. @default none
   */
  readonly commandId?: string | undefined;
  /** Stored with each commit of the transaction. @default none */
  readonly metadata?: Metadata | undefined;
  /** How long to go on until the outcome is known, in milliseconds. @default 15_000 */
  readonly deadlineMs?: number | undefined;
  /** Gives up waiting. What was sent by then may be stored (`outcome: 'unknown'`). @default none */
  readonly signal?: AbortSignal | undefined;
}

/** What a transaction came to. */
export interface TransactionResult {
  /** Whether this very call stored the events. */
  readonly committed: boolean;
  /** In the order of the entries; one without events reports the version that was checked. */
  readonly entries: readonly AppendResult[];
}
