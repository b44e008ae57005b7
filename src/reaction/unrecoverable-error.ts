import { hasJetsourceBrand, JetsourceError } from '../kernel/jetsource-error.js';

/**
 * Thrown by a handler, or by an exception filter: no further attempt would succeed. The event becomes a dead
 * letter at once.
 *
 * @example
 * throw new UnrecoverableError('the order has no address', { cause: error });
 */
export class UnrecoverableError extends JetsourceError {
  readonly code = 'unrecoverable';
  override readonly name = 'UnrecoverableError';

  constructor(reason: string, options?: ErrorOptions) {
    super(reason, options);
  }
}

/** The codes of errors that no further attempt would avoid. */
const UNRECOVERABLE: readonly string[] = ['unrecoverable', 'step-mismatch'];

/** Also for an error of another installed copy of the package. */
export function isUnrecoverable(thrown: unknown): boolean {
  return hasJetsourceBrand(thrown) && UNRECOVERABLE.includes(thrown.code);
}
