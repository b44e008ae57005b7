import { JetsourceError } from '../../kernel/jetsource-error.js';

/**
 * The commit, the snapshot, or the event of the transport is larger than the server takes. Nothing was sent:
 * put large content elsewhere and store a reference.
 */
export class PayloadTooLargeError extends JetsourceError {
  readonly code = 'payload-too-large';
  override readonly outcome = 'not-applied';
  override readonly name = 'PayloadTooLargeError';
  /** Where the message was to be stored: `category/id`, the subject, or the snapshot of a stream. */
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

/** What an event was expected to follow is not so. It was not stored: look, decide again, emit. */
export class ExpectationFailedError extends JetsourceError {
  readonly code = 'expectation-failed';
  override readonly outcome = 'not-applied';
  override readonly name = 'ExpectationFailedError';
  /** The subject that was published to. */
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
  override readonly outcome = 'not-applied';
  override readonly name = 'PublishRefusedError';
  /** The subject that was published to. */
  readonly subject: string;

  constructor(details: { subject: string; reason: string }, options?: ErrorOptions) {
    super(`${details.subject} was not stored: ${details.reason}`, options);
    this.subject = details.subject;
  }
}

/** No answer came, so the event may be stored or not. Emit it again with the same message id. */
export class PublishOutcomeUnknownError extends JetsourceError {
  readonly code = 'publish-outcome-unknown';
  override readonly outcome = 'unknown';
  override readonly name = 'PublishOutcomeUnknownError';
  /** The subject that was published to. */
  readonly subject: string;
  /** The message id under which it is stored, if it is. */
  readonly messageId: string;

  constructor(details: { subject: string; messageId: string; waitedMs: number }, options?: ErrorOptions) {
    super(
      `no answer within ${details.waitedMs} ms whether ${details.subject} was stored; ` +
        `emit it again with the message id ${details.messageId}`,
      options,
    );
    this.subject = details.subject;
    this.messageId = details.messageId;
  }
}
