import { JetsourceError } from '../kernel/jetsource-error.js';

/** A stream captures what a request handler listens to: callers would get its acknowledgement for an answer. */
export class CapturedPatternError extends JetsourceError {
  readonly code = 'captured-pattern';
  override readonly name = 'CapturedPatternError';
  /** The handler's pattern. */
  readonly pattern: string;

  constructor(details: { pattern: string; streams: readonly string[] }, options?: ErrorOptions) {
    super(
      `stream ${details.streams.join(', ')} captures the request pattern ${details.pattern}: callers would get its acknowledgement ` +
        `instead of the answer. Take the subject out of the stream, or give the handler another pattern`,
      options,
    );
    this.pattern = details.pattern;
  }
}

/** Nobody listens to what was asked for. Is the service up, and the pattern right? */
export class NoResponderError extends JetsourceError {
  readonly code = 'no-responder';
  override readonly outcome = 'not-applied';
  override readonly name = 'NoResponderError';
  readonly pattern: string;

  constructor(details: { pattern: string }, options?: ErrorOptions) {
    super(
      `nobody answers requests to ${details.pattern}; is the service up, and the pattern right?`,
      options,
    );
    this.pattern = details.pattern;
  }
}

/** A request was not answered in time, or its answer broke off. The other side may have done what was asked. */
export class RequestTimeoutError extends JetsourceError {
  readonly code = 'request-timeout';
  override readonly outcome = 'unknown';
  override readonly name = 'RequestTimeoutError';
  readonly pattern: string;

  constructor(details: { pattern: string; timeoutMs: number }, options?: ErrorOptions) {
    super(
      `no answer to ${details.pattern} came within ${details.timeoutMs} ms; allow it more time, or see what keeps the service`,
      options,
    );
    this.pattern = details.pattern;
  }
}
