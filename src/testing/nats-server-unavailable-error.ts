import { JetsourceError } from '../kernel/jetsource-error.js';

/**
 * No nats-server could be found, fetched or started, or the server is not a process that this one can
 * control. The message lists what was tried and what to do.
 */
export class NatsServerUnavailableError extends JetsourceError {
  readonly code = 'nats-server-unavailable';
  override readonly name = 'NatsServerUnavailableError';
}
