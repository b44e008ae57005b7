import { JetsourceError } from '../../kernel/jetsource-error.js';

/**
 * A process manager sends, publishes or schedules after its `react` has returned, such as in a promise that it
 * does not await. That output is not stored, and never sent. Await the promise, or make an event of its result.
 */
export class LateOutputError extends JetsourceError {
  readonly code = 'late-output';
  override readonly outcome = 'not-applied';
  override readonly name = 'LateOutputError';
  /** Name of the process manager. */
  readonly processManager: string;

  constructor({ processManager }: { readonly processManager: string }, options?: ErrorOptions) {
    super(
      `process manager ${processManager} makes an output after its react has returned: it was not stored; ` +
        'await what it waits for',
      options,
    );
    this.processManager = processManager;
  }
}
