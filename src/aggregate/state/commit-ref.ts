import { lastVersionOf, type StoredCommit } from '../../event/commit.js';
import { asVersion, type Version } from '../../event/version.js';

/**
 * A commit of a stream, by its place and by its id: after data loss another commit can have the same place.
 */
export interface CommitRef {
  /** Version of its last event. */
  readonly version: Version;
  /** Number of the commit in its stream. */
  readonly number: number;
  /** Sequence of its message in the store. */
  readonly sequence: number;
  readonly commitId: string;
}

/** Stands for the last commit of a stream that does not exist. */
export const NO_COMMIT: CommitRef = { version: asVersion(0), number: 0, sequence: 0, commitId: '' };

/** The reference to a stored commit. */
export function commitRefOf(commit: StoredCommit): CommitRef {
  const { number, sequence, commitId } = commit;
  return { version: asVersion(lastVersionOf(commit)), number, sequence, commitId };
}
