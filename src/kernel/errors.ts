import type { CommandHandledError, MissingEventHandlerError } from './aggregate-errors.js';
import type { UnreadableEventError } from './event-errors.js';
import { hasJetsourceBrand, JetsourceError, type Outcome } from './jetsource-error.js';
import type { AnyTransportError } from './transport-errors.js';

/** An option has a value that cannot work. Nothing was sent. */
export class InvalidOptionError extends JetsourceError {
  readonly code = 'invalid-option';
  readonly outcome = 'not-applied';
  override readonly name = 'InvalidOptionError';
  /** The option's path, such as `expect` or `deadlineMs`. */
  readonly option: string;
  /** What was given. */
  readonly given: unknown;

  constructor(details: { option: string; given: unknown; allowed: string }, options?: ErrorOptions) {
    super(`${details.option} must be ${details.allowed}; given: ${describe(details.given)}`, options);
    this.option = details.option;
    this.given = details.given;
  }
}

/** A category or an id that no stream can have. Nothing was sent. */
export class InvalidStreamNameError extends JetsourceError {
  readonly code = 'invalid-stream-name';
  readonly outcome = 'not-applied';
  override readonly name = 'InvalidStreamNameError';

  constructor(details: { part: 'category' | 'id'; given: unknown; reason: string }, options?: ErrorOptions) {
    super(`the ${details.part} of a stream ${details.reason}; given: ${describe(details.given)}`, options);
  }
}

/** An event, or its metadata, that cannot be stored. Nothing was sent. */
export class InvalidEventError extends JetsourceError {
  readonly code = 'invalid-event';
  readonly outcome = 'not-applied';
  override readonly name = 'InvalidEventError';
}

/** An event type that is registered twice, or not at all: fix the `events` option. */
export class EventRegistrationError extends JetsourceError {
  readonly code = 'event-registration';
  readonly outcome = 'not-applied';
  override readonly name = 'EventRegistrationError';
}

/** The stream is not at the version that the caller expected. Nothing was stored: load, decide again, append. */
export class WrongExpectedVersionError extends JetsourceError {
  readonly code = 'wrong-expected-version';
  readonly outcome = 'not-applied';
  override readonly name = 'WrongExpectedVersionError';
  /** The stream, as `category/id`. */
  readonly stream: string;
  readonly expected: 'none' | 'exists' | number;
  /** The version at the time of the refusal, as the leader told it; 0 for a stream that does not exist. */
  readonly actual: number;

  constructor(
    details: { stream: string; expected: 'none' | 'exists' | number; actual: number },
    options?: ErrorOptions,
  ) {
    super(
      `${describeConflict(details.stream, details.expected, details.actual)}; load it and decide again`,
      options,
    );
    this.stream = details.stream;
    this.expected = details.expected;
    this.actual = details.actual;
  }
}

/** An entry of a transaction whose stream was not as expected. */
export interface TransactionViolation {
  /** Place of the entry in the transaction, from 0. */
  readonly index: number;
  /** The stream, as `category/id`. */
  readonly stream: string;
  readonly expected: 'none' | 'exists' | number;
  /** The version at the time of the refusal, as the leader told it; 0 for a stream that does not exist. */
  readonly actual: number;
}

/** Streams of a transaction are not as expected. Nothing was stored in any of them: load, decide again, transact. */
export class TransactionConflictError extends JetsourceError {
  readonly code = 'transaction-conflict';
  readonly outcome = 'not-applied';
  override readonly name = 'TransactionConflictError';
  /** Every entry that was violated when the transaction was refused. */
  readonly violations: readonly TransactionViolation[];

  constructor(details: { violations: readonly TransactionViolation[] }, options?: ErrorOptions) {
    const lines = details.violations.map(
      ({ index, stream, expected, actual }) =>
        `entry ${index}: ${describeConflict(stream, expected, actual)}`,
    );
    super(`${lines.join('; ')}; load them and decide again`, options);
    this.violations = details.violations;
  }
}

/** No answer told whether the events were stored, until the deadline or the abort. Repeat with the same command id, or read. */
export class AppendOutcomeUnknownError extends JetsourceError {
  readonly code = 'append-outcome-unknown';
  readonly outcome = 'unknown';
  override readonly name = 'AppendOutcomeUnknownError';
  readonly stream: string;
  /** The id under which the commit is stored, if it is. */
  readonly commitId: string;

  constructor(details: { stream: string; commitId: string; waitedMs: number }, options?: ErrorOptions) {
    super(
      `no answer told within ${details.waitedMs} ms whether commit ${details.commitId} of ${details.stream} was stored; ` +
        `repeat it with the same command id, or read the stream`,
      options,
    );
    this.stream = details.stream;
    this.commitId = details.commitId;
  }
}

/** The commit had been stored before, but was removed since. It is not stored again. */
export class CommitRemovedError extends JetsourceError {
  readonly code = 'commit-removed';
  readonly outcome = 'not-applied';
  override readonly name = 'CommitRemovedError';
  readonly stream: string;
  readonly commitId: string;

  constructor(details: { stream: string; commitId: string }, options?: ErrorOptions) {
    super(
      `commit ${details.commitId} of ${details.stream} was stored once and has been removed since`,
      options,
    );
    this.stream = details.stream;
    this.commitId = details.commitId;
  }
}

/** The commit, or the event of the transport, is larger than the server takes. Nothing was sent: put large content elsewhere and store a reference. */
export class PayloadTooLargeError extends JetsourceError {
  readonly code = 'payload-too-large';
  readonly outcome = 'not-applied';
  override readonly name = 'PayloadTooLargeError';
  readonly stream: string;
  /** Size of the message that would have been sent, in bytes. */
  readonly size: number;
  /** The server's limit, in bytes. */
  readonly limit: number;

  constructor(details: { stream: string; size: number; limit: number }, options?: ErrorOptions) {
    super(
      `${details.size} bytes to ${details.stream} are above the server's limit of ${details.limit} bytes; ` +
        `split them, or store a reference to the content`,
      options,
    );
    this.stream = details.stream;
    this.size = details.size;
    this.limit = details.limit;
  }
}

/** The log holds a message that is no commit of ours, or whose versions do not fit. It is never skipped silently. */
export class CorruptStreamError extends JetsourceError {
  readonly code = 'corrupt-stream';
  readonly outcome = 'not-applied';
  override readonly name = 'CorruptStreamError';
  /** The stream as `category/id`, or the subject where the message tells no stream. */
  readonly stream: string;
  /** Where in the store the fault stands. */
  readonly position: string;

  constructor(details: { stream: string; position: string; reason: string }, options?: ErrorOptions) {
    super(`${details.stream} is damaged at position ${details.position}: ${details.reason}`, options);
    this.stream = details.stream;
    this.position = details.position;
  }
}

/** The JetStream stream of the store has settings under which jetsource cannot keep its promises. */
export class StoreSettingsError extends JetsourceError {
  readonly code = 'store-settings';
  readonly outcome = 'not-applied';
  override readonly name = 'StoreSettingsError';
  readonly store: string;
  /** One line for each setting: its name, what it is, what it has to be. */
  readonly faults: readonly string[];

  constructor(details: { store: string; faults: readonly string[] }, options?: ErrorOptions) {
    super(
      `the JetStream stream of store ${details.store} breaks what jetsource relies on: ${details.faults.join('; ')}. ` +
        `Set these back (nats stream edit), or connect to another store name`,
      options,
    );
    this.store = details.store;
    this.faults = details.faults;
  }
}

/** The store's log is not there any more: its JetStream stream was deleted, or replaced by another. Reading on cannot help. */
export class StoreNotFoundError extends JetsourceError {
  readonly code = 'store-not-found';
  readonly outcome = 'not-applied';
  override readonly name = 'StoreNotFoundError';
  readonly store: string;

  constructor(details: { store: string; reason: string }, options?: ErrorOptions) {
    super(`the log of store ${details.store} is gone: ${details.reason}`, options);
    this.store = details.store;
  }
}

/** The server lacks something that jetsource needs. Update nats-server. */
export class UnsupportedByServerError extends JetsourceError {
  readonly code = 'unsupported-by-server';
  readonly outcome = 'not-applied';
  override readonly name = 'UnsupportedByServerError';
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

/** The server could not be reached, or answered with something that jetsource has no name for; see `cause`. */
export class TransportError extends JetsourceError {
  readonly code = 'transport';
  override readonly name = 'TransportError';
  readonly outcome: Outcome;

  constructor(message: string, options?: ErrorOptions & { outcome?: Outcome }) {
    super(message, options);
    this.outcome = options?.outcome ?? 'not-applied';
  }
}

/** The store, or the connection below it, was closed. Connect again. */
export class ConnectionClosedError extends JetsourceError {
  readonly code = 'connection-closed';
  readonly outcome = 'not-applied';
  override readonly name = 'ConnectionClosedError';

  constructor(what: string, options?: ErrorOptions) {
    super(`${what} is closed`, options);
  }
}

/** The aggregate was asked for by an id that no events are stored under. */
export class AggregateNotFoundError extends JetsourceError {
  readonly code = 'aggregate-not-found';
  readonly outcome = 'not-applied';
  override readonly name = 'AggregateNotFoundError';
  readonly stream: string;

  constructor(details: { stream: string }, options?: ErrorOptions) {
    super(`${details.stream} does not exist`, options);
    this.stream = details.stream;
  }
}

/** A projection by that name is not registered here. */
export class UnknownProjectionError extends JetsourceError {
  readonly code = 'unknown-projection';
  readonly outcome = 'not-applied';
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
  readonly outcome = 'not-applied';
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
  readonly outcome = 'not-applied';
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
  readonly outcome = 'not-applied';
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
  readonly outcome = 'not-applied';
  override readonly name = 'WaitTimeoutError';

  constructor(details: { what: string; timeoutMs: number; progress: string }, options?: ErrorOptions) {
    super(`${details.what} did not come within ${details.timeoutMs} ms; ${details.progress}`, options);
  }
}

/** No nats-server could be found, fetched or started. The message lists what was tried and what a person can run. */
export class NatsServerUnavailableError extends JetsourceError {
  readonly code = 'nats-server-unavailable';
  readonly outcome = 'not-applied';
  override readonly name = 'NatsServerUnavailableError';
}

/** Every error of jetsource, for an exhaustive `switch (error.code)`. */
export type AnyJetsourceError =
  | InvalidOptionError
  | InvalidStreamNameError
  | InvalidEventError
  | EventRegistrationError
  | UnreadableEventError
  | WrongExpectedVersionError
  | TransactionConflictError
  | AppendOutcomeUnknownError
  | CommitRemovedError
  | PayloadTooLargeError
  | CorruptStreamError
  | StoreSettingsError
  | StoreNotFoundError
  | UnsupportedByServerError
  | TransportError
  | ConnectionClosedError
  | AggregateNotFoundError
  | MissingEventHandlerError
  | CommandHandledError
  | UnknownProjectionError
  | ProjectionFailedError
  | ProjectionDivergedError
  | ProjectionFencedError
  | WaitTimeoutError
  | NatsServerUnavailableError
  | AnyTransportError;

/** Whether `error` is one of jetsource's, also when another installed copy of the package threw it. */
export function isJetsourceError(error: unknown): error is AnyJetsourceError {
  return hasJetsourceBrand(error);
}

function describeConflict(stream: string, expected: 'none' | 'exists' | number, actual: number): string {
  const wish =
    expected === 'none' ? 'not to exist' : expected === 'exists' ? 'to exist' : `at version ${expected}`;
  if (expected === actual) return `${stream} has other events up to version ${actual} than those expected`;
  const fact = actual === 0 ? 'does not exist' : `is at version ${actual}`;
  return `${stream} was expected ${wish}, but ${fact}`;
}

function describe(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.length > 80 ? `${value.slice(0, 80)}…` : value);
  if (typeof value === 'object' && value !== null) return value.constructor?.name ?? 'object';
  return String(value);
}
