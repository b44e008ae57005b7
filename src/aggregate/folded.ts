import type { CommandIds } from './command-ids.js';
import type { StreamEnd } from './stream-end.js';

/** A state, with what it was folded from. */
export interface Folded<S> {
  readonly state: S;
  readonly end: StreamEnd;
  readonly commandIds: CommandIds;
  /** Version of the latest snapshot that is known; 0 for none. */
  readonly snapshotVersion: number;
}
