import type { DeliveredMessage } from '../jetstream/consume/delivered-message.js';
import type { ReactionLogger } from './reaction-logger.js';

/** Log lines about the deliveries of one consumer: each names the message and the consumer. */
export class DeliveryLog {
  readonly #logger: ReactionLogger;
  readonly #consumer: string;

  constructor(logger: ReactionLogger, consumer: string) {
    this.#logger = logger;
    this.#consumer = consumer;
  }

  warn(message: DeliveredMessage, text: string): void {
    this.#logger.warn(`${this.#describe(message)} ${text}`);
  }

  /** Logs a fault of jetsource or of the connection, with its stack. */
  fault(message: DeliveredMessage, error: Error): void {
    this.#logger.error(`${this.#describe(message)}: ${error.message}`, error.stack);
  }

  error(message: DeliveredMessage, text: string): void {
    this.#logger.error(`${this.#describe(message)} ${text}`);
  }

  #describe({ subject, info }: DeliveredMessage): string {
    return `${subject} (${info.stream} ${info.streamSequence}) for ${this.#consumer}`;
  }
}
