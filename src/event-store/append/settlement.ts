import type { StoredCommit } from '../../event/commit.js';
import type { Deadline } from '../../kernel/deadline.js';
import type { StreamReader } from '../read/stream-reader.js';
import type { CommandLookup } from './command-lookup.js';
import type { StreamWrite } from './write-request.js';

/** What searches for commits. */
export interface SearchParts {
  readonly reader: StreamReader;
  readonly lookup: CommandLookup;
}

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
  parts: SearchParts,
  writes: readonly SoughtWrite[],
  options: SearchOptions,
): Promise<StoredCommit[]> {
  const found = await Promise.all(writes.map(async (write) => findOne(parts, write, options)));
  return found.filter((commit) => commit !== undefined);
}

async function findOne(
  { reader, lookup }: SearchParts,
  { write: { stream, commitId, lookedUpTo }, guard }: SoughtWrite,
  { everywhere, deadline }: SearchOptions,
): Promise<StoredCommit | undefined> {
  if (guard !== undefined) {
    const next = await reader.nextAtLeader(stream, guard + 1, deadline);
    if (next?.commitId === commitId) return next;
  }
  if (!everywhere) return undefined;
  return (await lookup.find({ stream, commitId, lookedUpTo, deadline })).commit;
}
