import type { Position } from '../../event/position.js';
import type { CommitMark } from '../../event-store/replay/log-trail.js';
import type { RebuildStart } from '../start/rebuild-start.js';
import type { ModelId } from './model-id.js';

/** The lane of a projection that is not divided into lanes: one owner runs all of it. */
export const ONLY_LANE = 0;

/** Which checkpoint. Each lane of each model has one. */
export interface CheckpointKey extends ModelId {
  /** The part of the streams that one owner reads, counted from 0. */
  readonly lane: number;
}

/**
 * How far a read model is built, from which log, and who may continue to build it. It is stored in the same
 * database as the model.
 */
export interface Checkpoint extends CheckpointKey {
  /** In how many lanes the model is built, 1 to 64. */
  readonly lanes: number;
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
  /** Whether the lane has once reached the end of the log since the model's first event. */
  readonly caughtUp: boolean;
  /**
   * After the number of lanes was changed: slots of which the model holds events after `position`, up to
   * these. Undefined when there are none.
   */
  readonly ahead?: Readonly<Record<number, Position>> | undefined;
}

/** The model that a checkpoint belongs to. */
export function modelOf({ projection, version, build }: CheckpointKey): ModelId {
  return { projection, version, build };
}
