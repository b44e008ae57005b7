import { JetsourceError } from './jetsource-error.js';

/** A JetStream stream cannot be given the settings asked for. It was left as it is: mend the options, or the stream. */
export class StreamSettingsError extends JetsourceError {
  readonly code = 'stream-settings';
  readonly outcome = 'not-applied';
  override readonly name = 'StreamSettingsError';
  readonly stream: string;

  constructor(details: { stream: string; reason: string }, options?: ErrorOptions) {
    super(`stream ${details.stream} cannot have the settings asked for: ${details.reason}`, options);
    this.stream = details.stream;
  }
}

/** A durable consumer cannot be given the settings asked for. It was left as it is: mend the options, or delete the consumer. */
export class ConsumerSettingsError extends JetsourceError {
  readonly code = 'consumer-settings';
  readonly outcome = 'not-applied';
  override readonly name = 'ConsumerSettingsError';
  readonly stream: string;
  readonly consumer: string;

  constructor(details: { stream: string; consumer: string; reason: string }, options?: ErrorOptions) {
    super(`consumer ${details.consumer} of stream ${details.stream}: ${details.reason}`, options);
    this.stream = details.stream;
    this.consumer = details.consumer;
  }
}

/** No stream captures what a handler listens to: its events would never come. */
export class NoStreamError extends JetsourceError {
  readonly code = 'no-stream';
  readonly outcome = 'not-applied';
  override readonly name = 'NoStreamError';
  /** The handler's pattern. */
  readonly pattern: string;

  constructor(details: { pattern: string; reason: string }, options?: ErrorOptions) {
    super(`no events can come for ${details.pattern}: ${details.reason}`, options);
    this.pattern = details.pattern;
  }
}

/** A dead letter by that number is not there, or not any more: it was redriven or removed. */
export class DeadLetterNotFoundError extends JetsourceError {
  readonly code = 'dead-letter-not-found';
  readonly outcome = 'not-applied';
  override readonly name = 'DeadLetterNotFoundError';

  constructor(details: { stream: string; reason: string }, options?: ErrorOptions) {
    super(`${details.stream} has no such dead letter: ${details.reason}`, options);
  }
}
