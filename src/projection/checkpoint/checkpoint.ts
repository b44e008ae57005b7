import type { Position } from '../../event/position.js';
import type { CommitMark } from '../../event-store/replay/log-trail.js';
import type { RebuildStart } from '../rebuild/rebuild-options.js';

/** The lane of a projection that is not divided into lanes: one owner runs all of it. */
export const ONLY_LANE = 0;

/** Which checkpoint. Versions have a checkpoint each, so that two of them can be built side by side. */
export interface CheckpointKey {
  /** Name of the projection. */
  readonly projection: string;
  /** Version of the projection, 1 or more. */
  readonly version: number;
  /**
   * The part of the streams that one owner reads, counted from 0. Today a projection has one lane, 0, with
   * all of its streams.
   */
  readonly lane: number;
}

/**
 * How far a read model is built, from which log, and who may continue to build it. It is stored in the same
 * database as the model.
 */
export interface Checkpoint extends CheckpointKey {
  /** Goes up by one with every owner. Writes of an earlier owner are refused. */
  readonly epoch: number;
  /** Identity of the event store that the model was built from. */
  readonly storeIdentity: string;
  /** The last event of the last commit that is in the model; undefined while there is none. */
  readonly position: Position | undefined;
  /** Id of that commit, to check whether the log still has the same commit there. */
  readonly commitId: string | undefined;
  /**
   * A commit before it: where the one at `position` was removed since, it tells whether the log is still the
   * same. Undefined while there is none, and in checkpoints of earlier releases.
   */
  readonly earlier?: CommitMark | undefined;
  /** Where the replay began that the model was built by; undefined for the beginning of the log. */
  readonly start: RebuildStart | undefined;
}
