import { JetsourceError } from '../kernel/jetsource-error.js';

/** No nats-server could be found, fetched or started. The message lists what was tried and what a person can run. */
export class NatsServerUnavailableError extends JetsourceError {
  readonly code = 'nats-server-unavailable';
  override readonly name = 'NatsServerUnavailableError';
}
