import { JetsourceError, type Outcome } from '../../kernel/jetsource-error.js';

/**
 * The server could not be reached, or answered with something that jetsource has no name for; see `cause`.
 */
export class NatsError extends JetsourceError {
  readonly code = 'nats';
  override readonly name = 'NatsError';
  override readonly outcome: Outcome;

  constructor(message: string, options?: ErrorOptions & { outcome?: Outcome }) {
    super(message, options);
    this.outcome = options?.outcome ?? 'not-applied';
  }
}

/** The store, or the connection below it, was closed. Connect again. */
export class ConnectionClosedError extends JetsourceError {
  readonly code = 'connection-closed';
  override readonly outcome = 'not-applied';
  override readonly name = 'ConnectionClosedError';

  constructor(what: string, options?: ErrorOptions) {
    super(`${what} is closed`, options);
  }
}

/** The server lacks something that jetsource needs. Update nats-server. */
export class UnsupportedByServerError extends JetsourceError {
  readonly code = 'unsupported-by-server';
  override readonly name = 'UnsupportedByServerError';
  /** What the server lacks. */
  readonly capability: string;
  /** The first server version that has it. */
  readonly floor: string;
  /** What the server says it is. */
  readonly found: string;

  constructor(details: { capability: string; floor: string; found: string }, options?: ErrorOptions) {
    super(
      `${details.capability} needs nats-server ${details.floor} or later; connected to ${details.found}`,
      options,
    );
    this.capability = details.capability;
    this.floor = details.floor;
    this.found = details.found;
  }
}
