import { JetsourceError } from './jetsource-error.js';

/** A JetStream stream cannot be given the settings asked for. It was left as it is: mend the options, or the stream. */
export class StreamSettingsError extends JetsourceError {
  readonly code = 'stream-settings';
  readonly outcome = 'not-applied';
  override readonly name = 'StreamSettingsError';
  readonly stream: string;

  constructor(details: { stream: string; reason: string }, options?: ErrorOptions) {
    super(`stream ${details.stream} cannot have the settings asked for: ${details.reason}`, options);
    this.stream = details.stream;
  }
}

/** A durable consumer cannot be given the settings asked for. It was left as it is: mend the options, or delete the consumer. */
export class ConsumerSettingsError extends JetsourceError {
  readonly code = 'consumer-settings';
  readonly outcome = 'not-applied';
  override readonly name = 'ConsumerSettingsError';
  readonly stream: string;
  readonly consumer: string;

  constructor(details: { stream: string; consumer: string; reason: string }, options?: ErrorOptions) {
    super(`consumer ${details.consumer} of stream ${details.stream}: ${details.reason}`, options);
    this.stream = details.stream;
    this.consumer = details.consumer;
  }
}

/** No stream captures what a handler listens to: its events would never come. */
export class NoStreamError extends JetsourceError {
  readonly code = 'no-stream';
  readonly outcome = 'not-applied';
  override readonly name = 'NoStreamError';
  /** The handler's pattern. */
  readonly pattern: string;

  constructor(details: { pattern: string; reason: string }, options?: ErrorOptions) {
    super(`no events can come for ${details.pattern}: ${details.reason}`, options);
    this.pattern = details.pattern;
  }
}

/** A dead letter by that number is not there, or not any more: it was redriven or removed. */
export class DeadLetterNotFoundError extends JetsourceError {
  readonly code = 'dead-letter-not-found';
  readonly outcome = 'not-applied';
  override readonly name = 'DeadLetterNotFoundError';

  constructor(details: { stream: string; reason: string }, options?: ErrorOptions) {
    super(`${details.stream} has no such dead letter: ${details.reason}`, options);
  }
}

/** A stream captures what a request handler listens to: callers would get its acknowledgement for an answer. */
export class CapturedPatternError extends JetsourceError {
  readonly code = 'captured-pattern';
  readonly outcome = 'not-applied';
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

/** What an event was expected to follow is not so. It was not stored: look, decide again, emit. */
export class ExpectationFailedError extends JetsourceError {
  readonly code = 'expectation-failed';
  readonly outcome = 'not-applied';
  override readonly name = 'ExpectationFailedError';
  readonly subject: string;

  constructor(details: { subject: string; reason: string }, options?: ErrorOptions) {
    super(
      `${details.subject} was not stored, since an expectation does not hold: ${details.reason}`,
      options,
    );
    this.subject = details.subject;
  }
}

/** The stream refused an event. It was not stored: the message says why. */
export class PublishRefusedError extends JetsourceError {
  readonly code = 'publish-refused';
  readonly outcome = 'not-applied';
  override readonly name = 'PublishRefusedError';
  readonly subject: string;

  constructor(details: { subject: string; reason: string }, options?: ErrorOptions) {
    super(`${details.subject} was not stored: ${details.reason}`, options);
    this.subject = details.subject;
  }
}

/** No answer told whether an event was stored. Emit it again with the same message id. */
export class PublishOutcomeUnknownError extends JetsourceError {
  readonly code = 'publish-outcome-unknown';
  readonly outcome = 'unknown';
  override readonly name = 'PublishOutcomeUnknownError';
  readonly subject: string;
  /** The message id under which it is stored, if it is. */
  readonly messageId: string;

  constructor(details: { subject: string; messageId: string; waitedMs: number }, options?: ErrorOptions) {
    super(
      `no answer told within ${details.waitedMs} ms whether ${details.subject} was stored; ` +
        `emit it again with the message id ${details.messageId}`,
      options,
    );
    this.subject = details.subject;
    this.messageId = details.messageId;
  }
}

/** Nobody listens to what was asked for. Is the service up, and the pattern right? */
export class NoResponderError extends JetsourceError {
  readonly code = 'no-responder';
  readonly outcome = 'not-applied';
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
  readonly outcome = 'unknown';
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

/** Every error of the transport that the rest of jetsource does not have. */
export type AnyTransportError =
  | StreamSettingsError
  | ConsumerSettingsError
  | NoStreamError
  | DeadLetterNotFoundError
  | CapturedPatternError
  | ExpectationFailedError
  | PublishRefusedError
  | PublishOutcomeUnknownError
  | NoResponderError
  | RequestTimeoutError;
