import { JetsourceError } from '../../kernel/jetsource-error.js';

/**
 * The stream is not at the version that the caller expected. Nothing was stored. Load, decide again, append.
 */
export class WrongExpectedVersionError extends JetsourceError {
  readonly code = 'wrong-expected-version';
  override readonly outcome = 'not-applied';
  override readonly name = 'WrongExpectedVersionError';
  /** The stream, as `category/id`. */
  readonly stream: string;
  /** The expectation of the call. */
  readonly expected: 'none' | 'exists' | number;
  /**
   * The version at the time of the refusal, as the leader reported it; 0 for a stream that does not exist.
   */
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
  /** The expectation of the entry. */
  readonly expected: 'none' | 'exists' | number;
  /**
   * The version at the time of the refusal, as the leader reported it; 0 for a stream that does not exist.
   */
  readonly actual: number;
}

/**
 * Streams of a transaction are not as expected. Nothing was stored in any of them. Load, decide again,
 * transact.
 */
export class TransactionConflictError extends JetsourceError {
  readonly code = 'transaction-conflict';
  override readonly outcome = 'not-applied';
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

/**
 * No answer came until the deadline or the abort, so the events may be stored or not. Repeat the append with
 * the same command id, or read the stream.
 */
export class AppendOutcomeUnknownError extends JetsourceError {
  readonly code = 'append-outcome-unknown';
  override readonly outcome = 'unknown';
  override readonly name = 'AppendOutcomeUnknownError';
  /** The stream, as `category/id`. */
  readonly stream: string;
  /** The id under which the commit is stored, if it is. */
  readonly commitId: string;

  constructor(details: { stream: string; commitId: string; waitedMs: number }, options?: ErrorOptions) {
    super(
      `no answer within ${details.waitedMs} ms whether commit ${details.commitId} of ${details.stream} was stored; ` +
        `repeat it with the same command id, or read the stream`,
      options,
    );
    this.stream = details.stream;
    this.commitId = details.commitId;
  }
}

/** The commit was stored before and has been removed since. It is not stored again. */
export class CommitRemovedError extends JetsourceError {
  readonly code = 'commit-removed';
  override readonly outcome = 'not-applied';
  override readonly name = 'CommitRemovedError';
  /** The stream, as `category/id`. */
  readonly stream: string;
  /** The id of the removed commit. */
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

/**
 * The command id was used before, for another write: a transaction over other streams, or an append to a
 * stream that a transaction of that id wrote together with others. Nothing was stored now. What was stored
 * then stands in `stored`. Whether the events are the same is not compared.
 */
export class CommandIdReusedError extends JetsourceError {
  readonly code = 'command-id-reused';
  override readonly outcome = 'not-applied';
  override readonly name = 'CommandIdReusedError';
  readonly commandId: string;
  /** The streams that this call would have written, as `category/id`. */
  readonly streams: readonly string[];
  /**
   * The streams that were written under this id, as `category/id`; those of parts that were removed since are
   * missing.
   */
  readonly stored: readonly string[];

  constructor(
    details: { commandId: string; streams: readonly string[]; stored: readonly string[] },
    options?: ErrorOptions,
  ) {
    super(
      `command id ${JSON.stringify(details.commandId)} was used before for ${namesOf(details.stored)}, and now for ` +
        `${namesOf(details.streams)}; nothing was stored: give each command an id of its own`,
      options,
    );
    this.commandId = details.commandId;
    this.streams = details.streams;
    this.stored = details.stored;
  }
}

/** A transaction may have a thousand streams. */
function namesOf(streams: readonly string[]): string {
  const more = streams.length - 5;
  return `${streams.slice(0, 5).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

function describeConflict(stream: string, expected: 'none' | 'exists' | number, actual: number): string {
  const wish =
    expected === 'none' ? 'not to exist' : expected === 'exists' ? 'to exist' : `at version ${expected}`;
  if (expected === actual) return `${stream} has other events up to version ${actual} than those expected`;
  const fact = actual === 0 ? 'does not exist' : `is at version ${actual}`;
  return `${stream} was expected ${wish}, but ${fact}`;
}
