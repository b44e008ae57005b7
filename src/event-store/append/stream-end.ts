import { lastVersionOf, type StoredCommit } from '../../event/commit.js';
import { isBefore, nextPredecessors } from '../../event/predecessors.js';

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

/**
 * The end of a stream whose last commit that is; undefined when no valid list can be made from the commit's
 * own, since that is one of another log: {@link endWith} takes a list that was found otherwise.
 */
export function endOf(commit: StoredCommit): StreamEnd | undefined {
  const { number, sequence, predecessors } = commit;
  if (!isBefore(sequence, predecessors)) return undefined;
  return endWith(commit, nextPredecessors(number, sequence, predecessors));
}

/** The end of a stream, with what the next commit lists as its predecessors. */
export function endWith(commit: StoredCommit, predecessors: readonly number[]): StreamEnd {
  const { sequence, number, commitId } = commit;
  return { sequence, number, version: lastVersionOf(commit), commitId, predecessors };
}
