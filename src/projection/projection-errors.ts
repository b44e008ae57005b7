import { JetsourceError } from '../kernel/jetsource-error.js';

/** A projection by that name is not registered here. */
export class UnknownProjectionError extends JetsourceError {
  readonly code = 'unknown-projection';
  override readonly name = 'UnknownProjectionError';

  constructor(details: { projection: string; known: readonly string[] }, options?: ErrorOptions) {
    super(
      `no projection is named ${details.projection}; known: ${details.known.join(', ') || 'none'}`,
      options,
    );
  }
}

/** A projection stopped on a fault of its own, named in `cause`. Mend it, then start or rebuild it. */
export class ProjectionFailedError extends JetsourceError {
  readonly code = 'projection-failed';
  override readonly name = 'ProjectionFailedError';
  readonly projection: string;

  constructor(details: { projection: string; reason: string }, options?: ErrorOptions) {
    super(`projection ${details.projection} stopped: ${details.reason}`, options);
    this.projection = details.projection;
  }
}

/** The log is not the one that the projection was built from (restored backup, lost writes, another store). Rebuild it. */
export class ProjectionDivergedError extends JetsourceError {
  readonly code = 'projection-diverged';
  override readonly name = 'ProjectionDivergedError';
  readonly projection: string;

  constructor(details: { projection: string; reason: string }, options?: ErrorOptions) {
    super(
      `projection ${details.projection} does not belong to this log any more: ${details.reason}; rebuild it`,
      options,
    );
    this.projection = details.projection;
  }
}

/** Another instance took the projection over; this one stopped without writing. */
export class ProjectionFencedError extends JetsourceError {
  readonly code = 'projection-fenced';
  override readonly name = 'ProjectionFencedError';
  readonly projection: string;

  constructor(details: { projection: string }, options?: ErrorOptions) {
    super(`projection ${details.projection} was taken over by another instance`, options);
    this.projection = details.projection;
  }
}

/** What was waited for did not come in time. */
export class WaitTimeoutError extends JetsourceError {
  readonly code = 'wait-timeout';
  override readonly name = 'WaitTimeoutError';

  constructor(details: { what: string; timeoutMs: number; progress: string }, options?: ErrorOptions) {
    super(`${details.what} did not come within ${details.timeoutMs} ms; ${details.progress}`, options);
  }
}
