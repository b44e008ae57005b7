import { JetsourceError } from '../../kernel/jetsource-error.js';

/**
 * A durable consumer cannot be given the settings asked for. It was left as it is: correct the options, or
 * delete the consumer.
 */
export class ConsumerSettingsError extends JetsourceError {
  readonly code = 'consumer-settings';
  override readonly name = 'ConsumerSettingsError';
  /** Name of the JetStream stream. */
  readonly stream: string;
  /** Name of the consumer. */
  readonly consumer: string;

  constructor(details: { stream: string; consumer: string; reason: string }, options?: ErrorOptions) {
    super(`consumer ${details.consumer} of stream ${details.stream}: ${details.reason}`, options);
    this.stream = details.stream;
    this.consumer = details.consumer;
  }
}
