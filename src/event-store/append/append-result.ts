import { lastVersionOf, type StoredCommit } from '../../event/commit.js';
import { positionOf } from '../../event/position.js';
import type { StreamName } from '../../event/stream-name.js';
import { asVersion } from '../../event/version.js';
import type { AppendResult } from './append-options.js';

/** Key under which a result keeps its commit: JSON and comparisons do not see it. */
const STORED_COMMIT = Symbol.for('jetsource.stored-commit');

/**
 * The commit of a result, as it was stored. Repositories fold it. Undefined for an empty append, and for a
 * result that was copied: then the commit can be read by its position.
 */
export function commitOf(result: AppendResult): StoredCommit | undefined {
  return (result as { readonly [STORED_COMMIT]?: StoredCommit | undefined })[STORED_COMMIT];
}

/** The result of an append that stored this commit. */
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

/** Attaches the commit to the result. */
export function withCommit(result: AppendResult, commit: StoredCommit): AppendResult {
  return Object.defineProperty(result, STORED_COMMIT, { value: commit });
}

/** The result of an entry that stored nothing. */
export function unchanged(stream: StreamName, version: number): AppendResult {
  return { stream, version: asVersion(version), position: undefined, committed: false, events: [] };
}
