import type { StoredCommit } from '../../event/commit.js';
import { parsePosition, type Position, positionOf } from '../../event/position.js';
import { hasJetsourceBrand } from '../../kernel/jetsource-error.js';

/** A commit that a reader has read: the position of its last event, and its id. */
export interface CommitMark {
  /** Position of its last event. */
  readonly position: Position;
  /** Id of the commit. */
  readonly commitId: string;
}

/** How a reader recognises the log that it has read: two commits of it, since the last one may be removed. */
export interface LogTrail {
  /** The last commit that was read. */
  readonly last: CommitMark;
  /** One before it; undefined while there is none. */
  readonly earlier?: CommitMark | undefined;
}

/** What is asked of the store, which answers as the leader. */
export interface TrailStore {
  commitAt(
    sequence: number,
    options?: { readonly signal?: AbortSignal | undefined },
  ): Promise<StoredCommit | undefined>;
}

/** The log as it is now. */
export interface TrailedLog {
  readonly store: TrailStore;
  /** Sequence of its last message. */
  readonly lastSequence: number;
  readonly signal?: AbortSignal | undefined;
}

/** Sequences that are looked at after a removed message for the transaction that it may have belonged to. */
const NEIGHBOURS = 16;

/** The mark of a commit. */
export function markOf({ sequence, events, commitId }: StoredCommit): CommitMark {
  return { position: positionOf(sequence, events.length - 1), commitId };
}

/**
 * Why a log is another one than the reader has read: it ends before that, or has other commits there.
 * Undefined where nothing says so.
 *
 * A message that is missing at the last commit is no answer: a commit may be removed, but the log may as well
 * have lost its end and have given the sequence to a message that was removed since, such as the check of a
 * transaction. The earlier commit and the next ones tell these apart.
 */
export async function divergenceOf(
  { last, earlier }: LogTrail,
  log: TrailedLog,
): Promise<string | undefined> {
  const { sequence } = parsePosition(last.position);
  if (log.lastSequence < sequence)
    return `it has read up to ${last.position}, the log ends at ${log.lastSequence}`;
  return (await differenceAt(last, log)) ?? (earlier && (await differenceAt(earlier, log)));
}

/** Why the log is another one, by what stands at one commit. */
async function differenceAt(
  { position, commitId }: CommitMark,
  log: TrailedLog,
): Promise<string | undefined> {
  const { sequence } = parsePosition(position);
  const found = await commitIdAt(sequence, log);
  if (found === commitId) return undefined;
  if (found === 'no commit') return `the log does not hold a commit at ${position} any more`;
  const read = `at ${position} it has read commit ${commitId}, the log`;
  if (found !== undefined) return `${read} holds ${found}`;
  return (await isCheckOfLater(sequence, log)) ? `${read} had the check of a transaction there` : undefined;
}

/** Undefined for a message that is not there, or is no longer. */
async function commitIdAt(sequence: number, { store, signal }: TrailedLog): Promise<string | undefined> {
  try {
    return (await store.commitAt(sequence, { signal }))?.commitId;
  } catch (error) {
    // a commit was read there once, so a message that is no commit is another message
    if (hasJetsourceBrand(error) && error.code === 'corrupt-stream') return 'no commit';
    throw error;
  }
}

/**
 * Whether the transaction that is stored right after a sequence had one of its checks there: they come before
 * its commits.
 */
async function isCheckOfLater(sequence: number, log: TrailedLog): Promise<boolean> {
  const end = Math.min(sequence + NEIGHBOURS, log.lastSequence);
  for (let next = sequence + 1; next <= end; next += 1) {
    const commit = await commitOrNothing(next, log);
    if (commit !== undefined) return checkSequencesOf(commit).includes(sequence);
  }
  return false;
}

async function commitOrNothing(
  sequence: number,
  { store, signal }: TrailedLog,
): Promise<StoredCommit | undefined> {
  try {
    return await store.commitAt(sequence, { signal });
  } catch (error) {
    // what reads that message will say what is wrong with it
    if (hasJetsourceBrand(error) && error.code === 'corrupt-stream') return undefined;
    throw error;
  }
}

/** The sequences that the checks of a commit's transaction had. */
function checkSequencesOf({ sequence, metadata }: StoredCommit): number[] {
  const { part, checks } = (metadata['transaction'] ?? {}) as { part?: unknown; checks?: unknown };
  if (typeof part !== 'number' || typeof checks !== 'number' || !(checks <= 1_000)) return [];
  const first = sequence - part + 1;
  return Array.from({ length: checks }, (_, index) => first - 1 - index);
}
