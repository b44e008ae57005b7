import { lastVersionOf, type StoredCommit } from '../../event/commit.js';
import type { PublishAnswer } from '../../jetstream/publish/publisher.js';
import { CommitRemovedError } from './append-errors.js';
import type { AppendRequest } from './append-request.js';
import type { StreamReader } from '../read/stream-reader.js';

/** What became of a commit that the server did not plainly acknowledge. */
export type AppendOutcome =
  /** It is in the log; `attemptId` tells who stored it. */
  | { readonly kind: 'stored'; readonly commit: StoredCommit }
  /** Another commit took its place: nothing of ours is stored. */
  | { readonly kind: 'lost' }
  /** Its place is still free: the same bytes may be sent again. */
  | { readonly kind: 'open' };

/** Commits read at once while looking for one id. */
const LOOK_UP_VERSIONS = 1_000;

/**
 * Finds out at the leader what became of a commit. A conflict alone does not tell: a single server answers so to the retry of an append that
 * it has stored, and `duplicate` is said of commits that are erased since.
 *
 * @param guard Sequence that the commit was guarded on: what stands behind it in the stream took its place, or is the commit itself.
 * @throws {@link CommitRemovedError} when the server knows the commit id, but the commit is gone.
 */
export async function settle(
  reader: StreamReader,
  request: AppendRequest,
  guard: number,
  answer: PublishAnswer,
): Promise<AppendOutcome> {
  const next = await reader.nextAtLeader(request.stream, guard + 1, request.deadline);
  if (next?.commitId === request.commitId) return { kind: 'stored', commit: next };
  if (request.idIsShared || answer.kind === 'duplicate') {
    const commit = await findCommit(reader, request, request.lookedUpTo);
    if (commit !== undefined) return { kind: 'stored', commit };
  }
  if (answer.kind === 'duplicate' && answer.sequence > 0) {
    throw new CommitRemovedError({ stream: request.stream.toString(), commitId: request.commitId });
  }
  if (next !== undefined) return { kind: 'lost' };
  // a guard that is not the stream's last commit cannot hold: a store made anew, say, below the tail that was known
  const last = await reader.last(request.stream, 'leader', request.deadline);
  return (last?.sequence ?? 0) === guard ? { kind: 'open' } : { kind: 'lost' };
}

/** The commit with the request's id among those behind a version, and up to another one, newest first. */
export async function findCommit(
  reader: StreamReader,
  request: Pick<AppendRequest, 'stream' | 'commitId' | 'deadline'>,
  behind: number,
  upTo = Infinity,
): Promise<StoredCommit | undefined> {
  const last = await reader.last(request.stream, 'leader', request.deadline);
  if (last === undefined) return undefined;
  for (let to = Math.min(lastVersionOf(last), upTo); to > behind; to -= LOOK_UP_VERSIONS) {
    const from = Math.max(behind, to - LOOK_UP_VERSIONS) + 1;
    const commits = await reader.range(last, { from, to }, { time: false, deadline: request.deadline });
    const found = commits.find((commit) => commit.commitId === request.commitId);
    if (found !== undefined) return found;
  }
  return undefined;
}
