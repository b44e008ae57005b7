import type { Position } from '../event/position.js';
import type { RebuildStart } from './rebuild.js';

/** Which checkpoint: each version of a projection has one of its own, so that two versions can be built side by side. */
export interface CheckpointKey {
  readonly projection: string;
  readonly version: number;
}

/** How far a read model is built, from which log, and who may go on building it. It stands beside the model, in the same database. */
export interface Checkpoint extends CheckpointKey {
  /** Goes up by one with every owner; a commit of an older owner is refused. */
  readonly epoch: number;
  /** Identity of the event store that the model was built from. */
  readonly storeIdentity: string;
  /** The last event of the last commit that is in the model; undefined while there is none. */
  readonly position: Position | undefined;
  /** Id of that commit: tells whether the log still holds the same one there. */
  readonly commitId: string | undefined;
  /** Where the replay began that the model comes from; undefined for the beginning of the log. */
  readonly start: RebuildStart | undefined;
}
