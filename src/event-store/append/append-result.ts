import { lastVersionOf, type StoredCommit } from '../../event/commit.js';
import { positionOf } from '../../event/position.js';
import type { StreamName } from '../../event/stream-name.js';
import { asVersion } from '../../event/version.js';
import type { AppendResult } from './append-options.js';

/** Where a result keeps the commit that it stands for: out of sight of JSON and of comparisons. */
const STORED_COMMIT = Symbol.for('jetsource.stored-commit');

/**
 * The commit that a result stands for, as it was stored. For repositories, which fold on from it. Undefined for an append of nothing, and for a
 * result that somebody has copied: then the commit can be read by its position.
 */
export function commitOf(result: AppendResult): StoredCommit | undefined {
  return (result as { readonly [STORED_COMMIT]?: StoredCommit | undefined })[STORED_COMMIT];
}

/** What an append that ended in this commit reports. */
export function toAppendResult(commit: StoredCommit, committed: boolean): AppendResult {
  const { stream, commitId, firstVersion, sequence } = commit;
  return withCommit(
    {
      stream,
      version: asVersion(lastVersionOf(commit)),
      position: positionOf(sequence, commit.events.length - 1),
      committed,
      events: commit.events.map(({ type }, index) => ({
        id: `${commitId}/${index}`,
        type,
        version: asVersion(firstVersion + index),
        position: positionOf(sequence, index),
      })),
    },
    commit,
  );
}

/** The result, standing for that commit. */
export function withCommit(result: AppendResult, commit: StoredCommit): AppendResult {
  return Object.defineProperty(result, STORED_COMMIT, { value: commit });
}

/** What an entry reports that stored nothing. */
export function unchanged(stream: StreamName, version: number): AppendResult {
  return { stream, version: asVersion(version), position: undefined, committed: false, events: [] };
}
