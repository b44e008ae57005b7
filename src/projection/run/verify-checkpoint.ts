import type { EventStore } from '../../event-store/event-store.js';
import { divergenceOf } from '../../event-store/replay/log-trail.js';
import { logReachFor } from '../../event-store/replay/start-check.js';
import { ProjectionDivergedError } from '../projection-errors.js';
import type { Checkpoint } from '../store/checkpoint.js';

/**
 * Checks that the log is the one that the model was built from. A commit that was removed since is no
 * divergence, as long as the commits around it are those that they were.
 *
 * @returns Sequence of the log's last message at that time.
 * @throws {@link ProjectionDivergedError} when it is another log, has lost its end, or holds other commits at
 * the checkpoint.
 */
export async function verifyCheckpoint(checkpoint: Checkpoint, store: EventStore): Promise<number> {
  if (checkpoint.storeIdentity !== store.identity) {
    throw diverged(
      checkpoint,
      `it was built from store ${checkpoint.storeIdentity}, this is ${store.identity}`,
    );
  }
  const last = await store.lastSequence();
  const { position, commitId = '', earlier } = checkpoint;
  if (position === undefined) {
    requireStart(checkpoint, last);
    return last;
  }
  const trail = { last: { position, commitId }, earlier };
  const divergence = await divergenceOf(trail, { store, lastSequence: last });
  if (divergence !== undefined) throw diverged(checkpoint, divergence);
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

function diverged({ projection, version }: Checkpoint, reason: string): ProjectionDivergedError {
  return new ProjectionDivergedError({ projection, version, reason });
}
