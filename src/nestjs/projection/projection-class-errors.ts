import { JetsourceError } from '../../kernel/jetsource-error.js';

/**
 * A class with {@link Projection} or {@link LiveProjection} cannot be run. The message names the class and says
 * why. The application does not start.
 */
export class ProjectionClassError extends JetsourceError {
  readonly code = 'projection-class';
  override readonly name = 'ProjectionClassError';
  /** Name of the class. */
  readonly className: string;

  constructor(details: { readonly className: string; readonly reason: string }, options?: ErrorOptions) {
    super(`projection class ${details.className}: ${details.reason}`, options);
    this.className = details.className;
  }
}
