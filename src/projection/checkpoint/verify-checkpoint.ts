import type { StoredCommit } from '../../event/commit.js';
import { parsePosition } from '../../event/position.js';
import type { EventStore } from '../../event-store/event-store.js';
import { hasJetsourceBrand } from '../../kernel/jetsource-error.js';
import { ProjectionDivergedError } from '../projection-errors.js';
import type { Checkpoint } from './checkpoint.js';
import { logReachFor } from '../rebuild/log-reach.js';

/**
 * Checks that the log is the one that the model was built from. A commit that was removed since is no
 * divergence.
 *
 * @returns Sequence of the log's last message at that time.
 * @throws {@link ProjectionDivergedError} when it is another log, has lost its end, or holds another commit
 * at the checkpoint.
 */
export async function verifyCheckpoint(checkpoint: Checkpoint, store: EventStore): Promise<number> {
  if (checkpoint.storeIdentity !== store.identity) {
    throw diverged(
      checkpoint,
      `it was built from store ${checkpoint.storeIdentity}, this is ${store.identity}`,
    );
  }
  const last = await store.lastSequence();
  if (checkpoint.position === undefined) {
    requireStart(checkpoint, last);
    return last;
  }
  const { sequence } = parsePosition(checkpoint.position);
  if (last < sequence) {
    throw diverged(checkpoint, `it has read up to ${checkpoint.position}, the log ends at ${last}`);
  }
  const commit = await commitAt(checkpoint, store, sequence);
  if (commit !== undefined && commit.commitId !== checkpoint.commitId) {
    throw diverged(
      checkpoint,
      `at ${checkpoint.position} it has read commit ${checkpoint.commitId}, the log holds ${commit.commitId}`,
    );
  }
  return last;
}

/**
 * The start was inside the log when the replay began. Past its end, what is appended until then would be
 * skipped.
 */
function requireStart(checkpoint: Checkpoint, last: number): void {
  const reach = checkpoint.start === undefined ? 0 : logReachFor(checkpoint.start);
  if (last < reach) throw diverged(checkpoint, `it begins after sequence ${reach}, the log ends at ${last}`);
}

async function commitAt(
  checkpoint: Checkpoint,
  store: EventStore,
  sequence: number,
): Promise<StoredCommit | undefined> {
  try {
    return await store.commitAt(sequence);
  } catch (cause) {
    // a commit was read there once, so a message that is no commit is another message
    if (!hasJetsourceBrand(cause) || cause.code !== 'corrupt-stream') throw cause;
    throw diverged(checkpoint, `the log does not hold a commit at ${checkpoint.position} any more`, cause);
  }
}

function diverged(checkpoint: Checkpoint, reason: string, cause?: Error): ProjectionDivergedError {
  const { projection, version } = checkpoint;
  return new ProjectionDivergedError({ projection, version, reason }, cause && { cause });
}
