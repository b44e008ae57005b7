import { JetsourceError } from './jetsource-error.js';

/** A stored event cannot be read as it is meant: register its type, add an upcast, or choose another policy. It stays as it is in the log. */
export class UnreadableEventError extends JetsourceError {
  readonly code = 'unreadable-event';
  readonly outcome = 'not-applied';
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
