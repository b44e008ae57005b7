import { JetsourceError } from '../kernel/jetsource-error.js';

/**
 * A JetStream stream captures the pattern of a request handler: callers would get its acknowledgement as the
 * answer.
 */
export class CapturedPatternError extends JetsourceError {
  readonly code = 'captured-pattern';
  override readonly name = 'CapturedPatternError';
  /** The handler's pattern. */
  readonly pattern: string;

  constructor(details: { pattern: string; streams: readonly string[] }, options?: ErrorOptions) {
    super(
      `JetStream stream ${details.streams.join(', ')} captures the request pattern ${details.pattern}: callers would get its ` +
        `acknowledgement instead of the answer. Take the subject out of the stream, or give the handler another pattern`,
      options,
    );
    this.pattern = details.pattern;
  }
}

/** No service listens to the subject of a request. */
export class NoResponderError extends JetsourceError {
  readonly code = 'no-responder';
  override readonly outcome = 'not-applied';
  override readonly name = 'NoResponderError';
  /** The pattern that was asked. */
  readonly pattern: string;

  constructor(details: { pattern: string }, options?: ErrorOptions) {
    super(`no service answers requests to ${details.pattern}; is it up, and the pattern right?`, options);
    this.pattern = details.pattern;
  }
}

/** A request was not answered in time, or its answer was incomplete. The service may have handled it. */
export class RequestTimeoutError extends JetsourceError {
  readonly code = 'request-timeout';
  override readonly outcome = 'unknown';
  override readonly name = 'RequestTimeoutError';
  /** The pattern that was asked. */
  readonly pattern: string;

  constructor(details: { pattern: string; timeoutMs: number }, options?: ErrorOptions) {
    super(
      `no answer to ${details.pattern} came within ${details.timeoutMs} ms; allow it more time, or see what keeps the service`,
      options,
    );
    this.pattern = details.pattern;
  }
}
