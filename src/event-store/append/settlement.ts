import { lastVersionOf, type StoredCommit } from '../../event/commit.js';
import type { StreamName } from '../../event/stream-name.js';
import type { Deadline } from '../../kernel/deadline.js';
import type { StreamReader } from '../read/stream-reader.js';
import type { StreamWrite } from './write-request.js';

/** Versions read at once while searching for one id. */
const LOOK_UP_VERSIONS = 1_000;

/** How to search for commits that may have been stored. */
export interface SearchOptions {
  /** Whether a commit may be anywhere in its stream; otherwise it can only be right after its guard. */
  readonly everywhere: boolean;
  readonly deadline: Deadline;
}

/** A write whose commit may have been stored; `guard` is the sequence that its last try was guarded on. */
export interface SoughtWrite {
  readonly write: StreamWrite;
  readonly guard?: number | undefined;
}

/**
 * The commits of these writes that the leader has, stored by any attempt. A conflict alone proves nothing: a
 * single server answers the resend of an append that it has stored with a conflict.
 */
export async function findStored(
  reader: StreamReader,
  writes: readonly SoughtWrite[],
  options: SearchOptions,
): Promise<StoredCommit[]> {
  const found = await Promise.all(writes.map(async (write) => findOne(reader, write, options)));
  return found.filter((commit) => commit !== undefined);
}

async function findOne(
  reader: StreamReader,
  { write: { stream, commitId, lookedUpTo }, guard }: SoughtWrite,
  { everywhere, deadline }: SearchOptions,
): Promise<StoredCommit | undefined> {
  if (guard !== undefined) {
    const next = await reader.nextAtLeader(stream, guard + 1, deadline);
    if (next?.commitId === commitId) return next;
  }
  return everywhere ? findCommit(reader, { stream, commitId, deadline }, { after: lookedUpTo }) : undefined;
}

/** A commit to search for. */
export interface WantedCommit {
  readonly stream: StreamName;
  readonly commitId: string;
  readonly deadline: Deadline;
}

/**
 * The commit with that id among those after a version and up to another one, newest first, read from the
 * leader.
 */
export async function findCommit(
  reader: StreamReader,
  { stream, commitId, deadline }: WantedCommit,
  { after, upTo = Infinity }: { readonly after: number; readonly upTo?: number | undefined },
): Promise<StoredCommit | undefined> {
  const last = await reader.last(stream, 'leader', deadline);
  if (last === undefined) return undefined;
  for (let to = Math.min(lastVersionOf(last), upTo); to > after; to -= LOOK_UP_VERSIONS) {
    const from = Math.max(after, to - LOOK_UP_VERSIONS) + 1;
    const commits = await reader.range(last, { from, to }, { time: false, deadline });
    const found = commits.find((commit) => commit.commitId === commitId);
    if (found !== undefined) return found;
  }
  return undefined;
}
