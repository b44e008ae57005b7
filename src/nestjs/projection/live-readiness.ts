import { describeProjection, type ProjectionId } from '../../projection/definition/projection-id.js';
import { ProjectionFailedError, WaitTimeoutError } from '../../projection/projection-errors.js';
import type { ProjectionState, ProjectionStatus } from '../../projection/projection-status.js';
import type { Projections } from '../../projection/projections.js';

/** States that end only with the next start. */
const OVER: ReadonlySet<ProjectionState> = new Set(['failed', 'diverged', 'paused', 'stopped']);

/**
 * Starts projections, which waits for those in live style to read what is stored.
 *
 * @param live Those in live style.
 * @throws {@link WaitTimeoutError} when they have not in time, or why one of them has stopped.
 */
export async function startReady(
  projections: Projections,
  live: readonly ProjectionId[],
  timeoutMs: number,
): Promise<void> {
  const tooLate = new AbortController();
  const timer = setTimeout(() => tooLate.abort(late(projections, live, timeoutMs)), timeoutMs);
  try {
    await projections.start({ signal: tooLate.signal });
  } finally {
    clearTimeout(timer);
  }
  for (const id of live) {
    const status = projections.status(id);
    if (OVER.has(status.state)) throw stopped(status);
  }
}

function stopped({ name, version, state, error }: ProjectionStatus): Error {
  return error ?? new ProjectionFailedError({ projection: name, version, reason: `it is ${state}` });
}

/** Names the first one that has not caught up. */
function late(projections: Projections, live: readonly ProjectionId[], timeoutMs: number): WaitTimeoutError {
  const statuses = live.map((id) => projections.status(id));
  const status = statuses.find(({ caughtUp }) => !caughtUp);
  const what =
    status === undefined
      ? 'the start of projections'
      : `the end of the log in live projection ${describeProjection(status)}`;
  const place = `it is ${status?.state ?? 'live'} at ${status?.position ?? 'the beginning'}`;
  const progress = `${place}; the application waits for it, see liveTimeoutMs`;
  return new WaitTimeoutError({ what, timeoutMs, progress }, status?.error && { cause: status.error });
}
