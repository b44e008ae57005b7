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
      `the handler did not return within ${details.timeoutMs} ms, and may still be running: raise timeoutMs of the ` +
        'reactor (handlerTimeout in the transport) if it needs longer',
      options,
    );
    this.timeoutMs = details.timeoutMs;
  }
}
