import { JetsourceError } from '../../../kernel/jetsource-error.js';

/**
 * The application cannot use `JetsourceCqrsModule` as it is: the message names the class or the module, and what
 * to change. The application does not start.
 */
export class CqrsSetupError extends JetsourceError {
  readonly code = 'cqrs-setup';
  override readonly name = 'CqrsSetupError';

  constructor(reason: string, options?: ErrorOptions) {
    super(reason, options);
  }
}
