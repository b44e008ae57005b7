import { lastVersionOf, type StoredCommit } from '../../event/commit.js';

/** Versions of one stream, both ends included. */
export interface VersionRange {
  readonly from: number;
  readonly to: number;
}

/** Numbers of commits, both ends included. */
export interface NumberRange {
  readonly from: number;
  readonly to: number;
}

/**
 * Which commits can hold a range of versions, judging by the commits that are known: every commit has at
 * least one version, so each known commit narrows the range.
 */
export function commitNumbersOf(range: VersionRange, atHand: Iterable<StoredCommit>): NumberRange {
  let from = 1;
  let to = range.to;
  for (const commit of atHand) {
    from = Math.max(from, commit.number - Math.max(0, commit.firstVersion - range.from));
    const last = lastVersionOf(commit);
    to = Math.min(to, commit.number + Math.max(0, range.to - last));
  }
  return { from, to };
}
