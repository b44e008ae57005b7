import { lastVersionOf, type StoredCommit } from '../../event/commit.js';
import { nextPredecessors } from '../../event/predecessors.js';

/** The end of a stream: everything that the next commit is made from. */
export interface StreamEnd {
  /** Sequence of the last commit: the guard of the next one. 0 for a stream that does not exist. */
  readonly sequence: number;
  /** Number of the last commit. */
  readonly number: number;
  /** Version of the last event. */
  readonly version: number;
  /** Id of the last commit; empty for a stream that does not exist. */
  readonly commitId: string;
  /** The predecessors that the next commit lists. */
  readonly predecessors: readonly number[];
}

/** The end of a stream that does not exist. */
export const EMPTY_STREAM: StreamEnd = { sequence: 0, number: 0, version: 0, commitId: '', predecessors: [] };

/** The end of a stream after this commit. */
export function endOf(commit: StoredCommit): StreamEnd {
  return {
    sequence: commit.sequence,
    number: commit.number,
    version: lastVersionOf(commit),
    commitId: commit.commitId,
    predecessors: nextPredecessors(commit.number, commit.sequence, commit.predecessors),
  };
}
