import { JetsourceError } from '../kernel/jetsource-error.js';

/**
 * What is stored as the snapshot of a stream is none, or is of a format that this version does not know.
 * Repositories fold all events instead and warn; the next snapshot takes its place.
 */
export class UnreadableSnapshotError extends JetsourceError {
  readonly code = 'unreadable-snapshot';
  override readonly name = 'UnreadableSnapshotError';
  /** The event stream, as in `order/42`. */
  readonly stream: string;
  /** Sequence of the message that holds it in the JetStream stream of the snapshots. */
  readonly sequence: number;

  constructor(details: { stream: string; sequence: number; reason: string }, options?: ErrorOptions) {
    super(
      `the snapshot of ${details.stream} at sequence ${details.sequence} cannot be read: ${details.reason}`,
      options,
    );
    this.stream = details.stream;
    this.sequence = details.sequence;
  }
}
