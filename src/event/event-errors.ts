import { describeValue } from '../kernel/invalid-option-error.js';
import { JetsourceError } from '../kernel/jetsource-error.js';

/** A category or an id that no stream can have. Nothing was sent. */
export class InvalidStreamNameError extends JetsourceError {
  readonly code = 'invalid-stream-name';
  override readonly outcome = 'not-applied';
  override readonly name = 'InvalidStreamNameError';

  constructor(details: { part: 'category' | 'id'; given: unknown; reason: string }, options?: ErrorOptions) {
    super(
      `the ${details.part} of a stream ${details.reason}; given: ${describeValue(details.given)}`,
      options,
    );
  }
}

/** An event, or its metadata, that cannot be stored. Nothing was sent. */
export class InvalidEventError extends JetsourceError {
  readonly code = 'invalid-event';
  override readonly outcome = 'not-applied';
  override readonly name = 'InvalidEventError';
}

/** An event type that is registered twice, or not at all: fix the `events` option. */
export class EventRegistrationError extends JetsourceError {
  readonly code = 'event-registration';
  override readonly outcome = 'not-applied';
  override readonly name = 'EventRegistrationError';
}

/** A stored event cannot be read as it is meant: register its type, add an upcast, or choose another policy. It stays as it is in the log. */
export class UnreadableEventError extends JetsourceError {
  readonly code = 'unreadable-event';
  override readonly name = 'UnreadableEventError';
  /** The stream, as `category/id`. */
  readonly stream: string;
  /** Where in the store the event stands. */
  readonly position: string;
  /** The type that could not be read: the stored one, or one that an upcast made of it. */
  readonly type: string;
  readonly schemaVersion: number;

  constructor(
    details: { stream: string; position: string; type: string; schemaVersion: number; reason: string },
    options?: ErrorOptions,
  ) {
    super(
      `${details.type} (version ${details.schemaVersion}) at ${details.position} of ${details.stream} cannot be read: ${details.reason}`,
      options,
    );
    this.stream = details.stream;
    this.position = details.position;
    this.type = details.type;
    this.schemaVersion = details.schemaVersion;
  }
}

/** The log holds a message that is no commit of ours, or whose versions do not fit. It is never skipped silently. */
export class CorruptStreamError extends JetsourceError {
  readonly code = 'corrupt-stream';
  override readonly outcome = 'not-applied';
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
