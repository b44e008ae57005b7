import type { Commit, StoredCommit } from '../../event/commit.js';
import type { TransactionViolation } from './append-errors.js';
import { meets, namedExpectation } from './expectation.js';
import { nextCommit } from './next-commit.js';
import type { StreamEnd } from './stream-end.js';
import type { StreamCheck, StreamWrite, WriteRequest } from './write-request.js';

/** A stream of a request with its end. */
export interface Placed<T> {
  readonly write: T;
  readonly end: StreamEnd;
  /** The commit of the same command, where the stream was looked through and holds it. */
  readonly earlier?: StoredCommit | undefined;
}

/** A write with its next commit. */
export interface PlannedCommit extends Placed<StreamWrite> {
  readonly commit: Commit;
}

/** The ends of all streams of a request, read for one try, and the commits after them. */
export interface WritePlan {
  readonly commits: readonly PlannedCommit[];
  readonly checks: readonly Placed<StreamCheck>[];
}

export function planOf(
  { attemptId }: WriteRequest,
  writes: readonly Placed<StreamWrite>[],
  checks: readonly Placed<StreamCheck>[],
): WritePlan {
  return {
    commits: writes.map((placed) => ({ ...placed, commit: nextCommit(placed.write, attemptId, placed.end) })),
    checks,
  };
}

/** The entries whose streams are not as expected, in the order of the entries. */
export function violationsOf({ commits, checks }: WritePlan): TransactionViolation[] {
  return [...commits, ...checks]
    .filter(({ write, end }) => !meets(write, end))
    .map(({ write: { index, stream, expect }, end }) => ({
      index,
      stream: stream.toString(),
      expected: namedExpectation(expect),
      actual: end.version,
    }))
    .toSorted((a, b) => a.index - b.index);
}

/** The streams that others have written between two plans. */
export function movedSince(one: WritePlan, { commits }: WritePlan): string[] {
  return commits
    .filter(({ end }, at) => end.sequence !== one.commits[at]?.end.sequence)
    .map(({ write: { stream } }) => stream.toString());
}

/** Whether two plans guard on the same commits: then an earlier send of the one may still store the other. */
export function haveSameGuards(one: WritePlan, other: WritePlan): boolean {
  return one.commits.every(({ end }, at) => end.sequence === other.commits[at]?.end.sequence);
}
