import { describeValue } from '../kernel/invalid-option-error.js';
import { JetsourceError, type Outcome } from '../kernel/jetsource-error.js';

/** Which projection an error is about. */
interface ProjectionDetails {
  readonly projection: string;
  readonly version: number;
}

/**
 * No projection of that name, or no such version of it, is registered here. The message lists those that are.
 */
export class UnknownProjectionError extends JetsourceError {
  readonly code = 'unknown-projection';
  override readonly name = 'UnknownProjectionError';
  /** The name that was asked for. */
  readonly projection: string;
  /** The version that was asked for; undefined where any version would do. */
  readonly version: number | undefined;
  /** What is registered, such as `order-summary (version 1)`. */
  readonly known: readonly string[];

  constructor(
    details: { projection: string; version?: number | undefined; known: readonly string[] },
    options?: ErrorOptions,
  ) {
    const { projection, version, known } = details;
    const asked = version === undefined ? projection : `${projection} (version ${version})`;
    super(`there is no projection ${asked}; there are: ${known.join(', ') || 'none'}`, options);
    this.projection = projection;
    this.version = version;
    this.known = known;
  }
}

/** A projection stopped at an error, given in `cause`. Fix it, then start or rebuild the projection. */
export class ProjectionFailedError extends JetsourceError {
  readonly code = 'projection-failed';
  override readonly name = 'ProjectionFailedError';
  /** Name of the projection. */
  readonly projection: string;
  /** Version of the projection. */
  readonly version: number;

  constructor(details: ProjectionDetails & { readonly reason: string }, options?: ErrorOptions) {
    super(
      `projection ${details.projection} (version ${details.version}) stopped: ${details.reason}`,
      options,
    );
    this.projection = details.projection;
    this.version = details.version;
  }
}

/**
 * A handler, or the database, has not returned for a long time. The projection waits for it. The usual cause
 * is a handler that asks its database beside its transaction, and so waits for itself.
 */
export class ProjectionStuckError extends JetsourceError {
  readonly code = 'projection-stuck';
  override readonly name = 'ProjectionStuckError';
  /** Name of the projection. */
  readonly projection: string;
  /** Version of the projection. */
  readonly version: number;
  /** What has not returned, such as `the handler of OrderPlaced at 7.0 (order/42)`. */
  readonly what: string;

  constructor(
    details: ProjectionDetails & {
      readonly what: string;
      readonly timeoutMs: number;
      readonly then?: string;
    },
    options?: ErrorOptions,
  ) {
    const { projection, version, what, timeoutMs, then = 'the projection waits for it' } = details;
    super(
      `projection ${projection} (version ${version}): ${what} has not returned for ${timeoutMs} ms; ${then}`,
      options,
    );
    this.projection = projection;
    this.version = version;
    this.what = what;
  }
}

/**
 * The log is not the one that the projection was built from: a restored backup, lost writes, another store.
 * Nothing of it was applied. Rebuild the projection.
 */
export class ProjectionDivergedError extends JetsourceError {
  readonly code = 'projection-diverged';
  override readonly name = 'ProjectionDivergedError';
  /** Name of the projection. */
  readonly projection: string;
  /** Version of the projection. */
  readonly version: number;

  constructor(details: ProjectionDetails & { readonly reason: string }, options?: ErrorOptions) {
    const { projection, version, reason } = details;
    super(
      `projection ${projection} (version ${version}) was built from another log: ${reason}; rebuild it`,
      options,
    );
    this.projection = projection;
    this.version = version;
  }
}

/**
 * The database holds a checkpoint with a value that jetsource does not write. The projection stops. Correct
 * the value, or delete the row and start the projection: its model is then cleared and built from the
 * beginning.
 */
export class CorruptCheckpointError extends JetsourceError {
  readonly code = 'corrupt-checkpoint';
  override readonly name = 'CorruptCheckpointError';
  /** Name of the projection. */
  readonly projection: string;
  /** Version of the projection. */
  readonly version: number;
  /** Column of the value, such as `start_at`. */
  readonly column: string;

  constructor(
    details: ProjectionDetails & { readonly column: string; readonly given: unknown },
    options?: ErrorOptions,
  ) {
    const { projection, version, column, given } = details;
    super(
      `the checkpoint of projection ${projection} (version ${version}) is corrupt: ${column} is ${describeValue(given)}; ` +
        'correct it, or delete the row to build the model from the beginning',
      options,
    );
    this.projection = projection;
    this.version = version;
    this.column = column;
  }
}

/**
 * Others are at work on the projection: nothing was changed. Try again, or for a reset pause the projection first.
 */
export class ProjectionBusyError extends JetsourceError {
  readonly code = 'projection-busy';
  override readonly name = 'ProjectionBusyError';
  /** Name of the projection. */
  readonly projection: string;
  /** Version of the projection. */
  readonly version: number;

  constructor(details: ProjectionDetails & { readonly reason?: string }, options?: ErrorOptions) {
    const { projection, version, reason = 'others change it at the same time; try again' } = details;
    super(`projection ${projection} (version ${version}) was not changed: ${reason}`, options);
    this.projection = projection;
    this.version = version;
  }
}

/**
 * The database failed while somebody operated a projection, by `serve` or `rebuild` for example; its error is the
 * `cause`. By `outcome` nothing was changed, or a change may have been committed, or was in part. All operations can be
 * repeated.
 */
export class ProjectionOperationError extends JetsourceError {
  readonly code = 'projection-operation';
  override readonly outcome: Outcome;
  override readonly name = 'ProjectionOperationError';
  /** Name of the projection. */
  readonly projection: string;
  /** Version of the projection. */
  readonly version: number;
  /** Name of the method, such as `serve`. */
  readonly operation: string;

  constructor(
    details: ProjectionDetails & {
      readonly operation: string;
      readonly reason: string;
      readonly outcome: Outcome;
    },
    options?: ErrorOptions,
  ) {
    const { projection, version, operation, reason, outcome } = details;
    const state =
      outcome === 'unknown' ? 'it may have been done, in whole or in part' : 'nothing was changed';
    super(
      `the ${operation} of projection ${projection} (version ${version}) failed: ${reason}; ${state}; repeat it`,
      options,
    );
    this.outcome = outcome;
    this.projection = projection;
    this.version = version;
    this.operation = operation;
  }
}

/**
 * A live projection has no state yet that could be read: it has not been started, or has not caught up since.
 * Await `start()`, or `waitUntilLive()`.
 */
export class ProjectionNotReadyError extends JetsourceError {
  readonly code = 'projection-not-ready';
  override readonly name = 'ProjectionNotReadyError';
  /** Name of the projection. */
  readonly projection: string;
  /** Version of the projection. */
  readonly version: number;

  constructor(details: ProjectionDetails & { readonly state: string }, options?: ErrorOptions) {
    const { projection, version, state } = details;
    super(`projection ${projection} (version ${version}) cannot be read: it is ${state}`, options);
    this.projection = projection;
    this.version = version;
  }
}

/** How far a projection is from the end of the log. */
export interface WaitLag {
  /** Commits that the log holds and the model does not. */
  readonly pending: number | undefined;
  /** How old the oldest of these may be, in seconds. */
  readonly lagSeconds: number | undefined;
}

/** What was waited for did not happen in time. The message says how far the projection is. */
export class WaitTimeoutError extends JetsourceError implements WaitLag {
  readonly code = 'wait-timeout';
  override readonly name = 'WaitTimeoutError';
  /** Commits that the log holds and the model does not; undefined while it is not known. */
  readonly pending: number | undefined;
  /** How old the oldest of these may be, in seconds; undefined while it is not known. */
  readonly lagSeconds: number | undefined;

  constructor(
    details: { what: string; timeoutMs: number; progress: string; lag?: WaitLag },
    options?: ErrorOptions,
  ) {
    super(`${details.what} did not come within ${details.timeoutMs} ms; ${details.progress}`, options);
    this.pending = details.lag?.pending;
    this.lagSeconds = details.lag?.lagSeconds;
  }
}
