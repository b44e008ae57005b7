import type { CommandIds } from './command-ids.js';
import type { CommitRef } from './commit-ref.js';

/** A state, and which commits it was folded from. */
export interface FoldedState<S> {
  readonly state: S;
  /** The commit that it was folded up to. */
  readonly lastCommit: CommitRef;
  /** The last commands of the stream. */
  readonly commandIds: CommandIds;
  /** Version of the latest known snapshot; 0 for none. */
  readonly snapshotVersion: number;
}
