import { lastVersionOf, type StoredCommit } from '../../event/commit.js';
import { positionOf } from '../../event/position.js';
import { asVersion } from '../../event/version.js';
import type { AppendResult } from '../event-store.js';

/** The commits that results stand for, beside them: a repository folds on from what was stored, callers are shown less. */
const commits = new WeakMap<AppendResult, StoredCommit>();

/** The commit that a result of {@link toAppendResult} stands for, as it was stored; undefined for an append of nothing. */
export function commitOf(result: AppendResult): StoredCommit | undefined {
  return commits.get(result);
}

/** What an append that ended in this commit reports. */
export function toAppendResult(commit: StoredCommit, committed: boolean): AppendResult {
  const events = commit.events.map((event, index) => ({
    id: `${commit.commitId}/${index}`,
    type: event.type,
    version: asVersion(commit.firstVersion + index),
    position: positionOf(commit.sequence, index),
  }));
  const result: AppendResult = {
    stream: commit.stream,
    version: asVersion(lastVersionOf(commit)),
    position: positionOf(commit.sequence, commit.events.length - 1),
    committed,
    events,
  };
  commits.set(result, commit);
  return result;
}
