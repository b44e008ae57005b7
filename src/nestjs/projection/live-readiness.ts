import { setTimeout as pause } from 'node:timers/promises';
import { Deadline } from '../../kernel/deadline.js';
import { describeProjection, type ProjectionId } from '../../projection/definition/projection-id.js';
import { ProjectionFailedError, WaitTimeoutError } from '../../projection/projection-errors.js';
import type { ProjectionState, ProjectionStatus } from '../../projection/projection-status.js';
import type { Projections } from '../../projection/projections.js';

const POLL_MS = 10;
/** States that end only with the next start. */
const OVER: ReadonlySet<ProjectionState> = new Set(['failed', 'diverged', 'paused', 'stopped']);

/**
 * Resolves when each of the projections has read all that is stored.
 *
 * @throws {@link WaitTimeoutError} naming the first one that has not caught up in time, or why it stopped.
 */
export async function untilCaughtUp(
  projections: Projections,
  ids: readonly ProjectionId[],
  timeoutMs: number,
): Promise<void> {
  const deadline = new Deadline(timeoutMs);
  for (const id of ids) {
    for (;;) {
      const status = projections.status(id);
      if (status.caughtUp) break;
      if (OVER.has(status.state)) throw stopped(status);
      if (deadline.passed) throw late(status, timeoutMs);
      await pause(POLL_MS);
    }
  }
}

function stopped({ name, version, state, error }: ProjectionStatus): Error {
  return error ?? new ProjectionFailedError({ projection: name, version, reason: `it is ${state}` });
}

function late(status: ProjectionStatus, timeoutMs: number): WaitTimeoutError {
  const { state, position, error } = status;
  const what = `the end of the log in live projection ${describeProjection(status)}`;
  const progress = `it is ${state} at ${position ?? 'the beginning'}; the application waits for it, see liveTimeoutMs`;
  return new WaitTimeoutError({ what, timeoutMs, progress }, error && { cause: error });
}
