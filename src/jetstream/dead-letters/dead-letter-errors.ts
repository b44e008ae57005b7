import { JetsourceError } from '../../kernel/jetsource-error.js';

/** A dead letter by that number is not there, or not any more: it was redriven or removed. */
export class DeadLetterNotFoundError extends JetsourceError {
  readonly code = 'dead-letter-not-found';
  override readonly name = 'DeadLetterNotFoundError';

  constructor(details: { stream: string; reason: string }, options?: ErrorOptions) {
    super(`${details.stream} has no such dead letter: ${details.reason}`, options);
  }
}
