import { describeValue } from '../kernel/invalid-option-error.js';
import { JetsourceError } from '../kernel/jetsource-error.js';

/** The category or the id of a stream is invalid. Nothing was sent. */
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

/** An event or its metadata cannot be stored. Nothing was sent. */
export class InvalidEventError extends JetsourceError {
  readonly code = 'invalid-event';
  override readonly outcome = 'not-applied';
  override readonly name = 'InvalidEventError';
}

/**
 * An event type is registered twice, not registered, or declared with invalid options. Fix the `events`
 * option or the declaration.
 */
export class EventRegistrationError extends JetsourceError {
  readonly code = 'event-registration';
  override readonly outcome = 'not-applied';
  override readonly name = 'EventRegistrationError';
}

/**
 * A stored event cannot be read. Register its type, add an upcast, or choose another policy. The stored event
 * is unchanged.
 */
export class UnreadableEventError extends JetsourceError {
  readonly code = 'unreadable-event';
  override readonly name = 'UnreadableEventError';
  /** The stream, as `category/id`. */
  readonly stream: string;
  /** Position of the event in the store. */
  readonly position: string;
  /** The type that could not be read: the stored one, or one that an upcast returned. */
  readonly type: string;
  /** Schema version of that type. */
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

/**
 * The log holds a message that is not a commit, or a commit whose versions do not continue those of its
 * stream. Such a message is never skipped silently.
 */
export class CorruptStreamError extends JetsourceError {
  readonly code = 'corrupt-stream';
  override readonly outcome = 'not-applied';
  override readonly name = 'CorruptStreamError';
  /** The stream, as `category/id`; the subject of the message if it names no stream. */
  readonly stream: string;
  /** Position of the faulty message in the store. */
  readonly position: string;

  constructor(details: { stream: string; position: string; reason: string }, options?: ErrorOptions) {
    super(`${details.stream} is corrupt at position ${details.position}: ${details.reason}`, options);
    this.stream = details.stream;
    this.position = details.position;
  }
}
