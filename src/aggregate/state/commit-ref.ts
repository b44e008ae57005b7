import { lastVersionOf, type StoredCommit } from '../../event/commit.js';
import { asVersion, type Version } from '../../event/version.js';

/** Up to which commit a state was folded: version and number alone would not tell one history from another. */
export interface CommitRef {
  readonly version: Version;
  /** Number of the commit in its stream. */
  readonly number: number;
  readonly sequence: number;
  readonly commitId: string;
}

/** The end of a stream that does not exist. */
export const NO_COMMIT: CommitRef = { version: asVersion(0), number: 0, sequence: 0, commitId: '' };

export function commitRefOf(commit: StoredCommit): CommitRef {
  const { number, sequence, commitId } = commit;
  return { version: asVersion(lastVersionOf(commit)), number, sequence, commitId };
}
