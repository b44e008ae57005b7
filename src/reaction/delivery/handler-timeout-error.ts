import { JetsourceError } from '../../kernel/jetsource-error.js';

/**
 * A handler did not return within its time limit. The attempt counts as failed, and the event is tried again or
 * becomes a dead letter. The handler was not stopped: what it returns later is ignored, what it does is not.
 */
export class HandlerTimeoutError extends JetsourceError {
  readonly code = 'handler-timeout';
  override readonly name = 'HandlerTimeoutError';
  /** The limit, in milliseconds. */
  readonly timeoutMs: number;

  constructor(details: { timeoutMs: number }, options?: ErrorOptions) {
    super(
      `the handler did not return within ${details.timeoutMs} ms (handlerTimeout); it may still be running`,
      options,
    );
    this.timeoutMs = details.timeoutMs;
  }
}
