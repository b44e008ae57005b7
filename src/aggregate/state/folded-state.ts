import type { CommandIds } from './command-ids.js';
import type { CommitRef } from './commit-ref.js';

/** A state, with what it was folded from. */
export interface FoldedState<S> {
  readonly state: S;
  readonly end: CommitRef;
  readonly commandIds: CommandIds;
  /** Version of the latest snapshot that is known; 0 for none. */
  readonly snapshotVersion: number;
}
