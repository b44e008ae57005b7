import type { StoredCommit } from '../../event/commit.js';
import type { Position } from '../../event/position.js';
import type { Version } from '../../event/version.js';

/**
 * Whether a stream exists, and where it ends. `erased` is reserved for streams whose events were removed for
 * good.
 */
export type StreamStatus =
  | { readonly state: 'missing'; readonly version: 0 }
  | {
      readonly state: 'active';
      /** Version of the last event. */
      readonly version: Version;
      /** Position of the last event. */
      readonly position: Position;
      /** Server time of the first commit. */
      readonly firstAt: Date;
      /** Server time of the last commit. */
      readonly lastAt: Date;
    }
  | {
      readonly state: 'erased';
      /** Version of the last event that was removed. */
      readonly version: Version;
      /** Server time of the erasure. */
      readonly erasedAt: Date;
    };

/** The commits of one stream after a version, for a fold: in order, without time. */
export interface StreamCommits {
  /** In the order of their versions. */
  readonly commits: readonly StoredCommit[];
  /** Version of the stream; 0 when it does not exist. */
  readonly version: Version;
}
