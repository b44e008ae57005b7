import type { StoredCommit } from '../../event/commit.js';
import type { MessageLog } from '../../log/message-log.js';
import { replayCommits } from './commit-replay.js';

/**
 * Sequences that are replayed at a time, from the end on: few at first, since a caller mostly wants the
 * newest events.
 */
const WINDOW = { first: 256, max: 8_192 };

/** The part of the log to read backward. */
export interface BackwardOptions {
  readonly store: string;
  readonly categories: readonly string[] | undefined;
  /** Sequence of the newest commit to read. */
  readonly from: number;
  readonly signal: AbortSignal | undefined;
}

/**
 * The commits of a store in batches, newest first: windows of the log, each replayed forward and then
 * reversed.
 */
export async function* replayBackward(
  log: MessageLog,
  { from, ...options }: BackwardOptions,
): AsyncGenerator<readonly StoredCommit[], void, void> {
  let size = WINDOW.first;
  for (let to = from; to >= 1; size = Math.min(size * 2, WINDOW.max)) {
    const start = Math.max(1, to - size + 1);
    const commits = await commitsBetween(log, start, { ...options, to });
    yield commits.toReversed();
    to = start - 1;
  }
}

async function commitsBetween(
  log: MessageLog,
  sequence: number,
  { to, ...options }: Omit<BackwardOptions, 'from'> & { readonly to: number },
): Promise<StoredCommit[]> {
  const found: StoredCommit[] = [];
  const replay = { ...options, start: { sequence }, live: false, maxBatch: to - sequence + 1 };
  for await (const { commits } of replayCommits(log, replay)) {
    found.push(...commits.filter((commit) => commit.sequence <= to));
    if ((commits.at(-1)?.sequence ?? 0) >= to) break;
  }
  return found;
}
