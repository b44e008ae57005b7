import type { StoredCommit } from '../../event/commit.js';
import type { Stuck } from '../../kernel/busy-watch.js';
import type { Checkpoint } from '../store/checkpoint.js';

/** Something that happened in a {@link ProjectionRun}. */
export type RunEvent =
  /** The checkpoint is claimed and belongs to the log, which ended at that sequence. The replay begins. */
  | { readonly kind: 'began'; readonly checkpoint: Checkpoint; readonly lastSequence: number }
  /** The commits are in the model. */
  | { readonly kind: 'applied'; readonly checkpoint: Checkpoint; readonly commits: readonly StoredCommit[] }
  /** A batch is done; `pending` is how many commits the log held after it, 0 when `caughtUp`. */
  | { readonly kind: 'batch-done'; readonly caughtUp: boolean; readonly pending: number }
  /** The lane has reached the end of the log for the first time; `isServed` when readers see the model by that. */
  | { readonly kind: 'caught-up'; readonly isServed: boolean }
  /** The replay was interrupted, and is being resumed. */
  | { readonly kind: 'interrupted' }
  /** A handler, or a transaction, has not returned for long. Told once for each. */
  | { readonly kind: 'stuck'; readonly stuck: Stuck }
  /** What was stuck has returned. */
  | { readonly kind: 'resumed' }
  /** Something failed, and is tried again. Told once for several failures in a row. */
  | { readonly kind: 'delayed'; readonly error: Error };

/** The listeners of a run, called in the order in which things happen. */
export interface RunListener {
  /** A handler that has not returned for so long is stuck, in milliseconds. @default 5_000 */
  readonly stuckAfterMs?: number | undefined;
  /** Must not throw. */
  on(event: RunEvent): void;
}
