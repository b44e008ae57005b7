import { JetsourceError } from '../../kernel/jetsource-error.js';

/**
 * A read or a subscription was to begin where the log does not reach, or at another event than the one that
 * was named: the log has lost its end since, or the position is from another store. What is stored up to
 * there would be skipped. Begin at an earlier position, or build what was made from the events again.
 */
export class StartNotInLogError extends JetsourceError {
  readonly code = 'start-not-in-log';
  override readonly outcome = 'not-applied';
  override readonly name = 'StartNotInLogError';
  /** Name of the store. */
  readonly store: string;
  /** Sequence of the log's last message when the start was refused. */
  readonly lastSequence: number;

  constructor(details: { store: string; lastSequence: number; reason: string }, options?: ErrorOptions) {
    super(`store ${details.store} cannot be read from there: ${details.reason}`, options);
    this.store = details.store;
    this.lastSequence = details.lastSequence;
  }
}
