import type { PubAck } from '@nats-io/jetstream';
import type { Deadline } from '../../kernel/deadline.js';
import type { JetStreamConnection } from '../connection/jetstream-connection.js';
import { JetStreamNotFoundError } from '../streams/stream-errors.js';
import { IdempotentPublisher } from './idempotent-publisher.js';
import type { PublishRequest } from './publish-request.js';

/** JetStream streams that can be created again. */
export interface RestorableStreams {
  /** Whether one of them captures the subject. */
  captures(subject: string): boolean;
  /** Creates those that are missing. */
  ensure(): Promise<void>;
}

/** A publisher that creates the streams again when the one of a subject is gone. */
export class RestoringPublisher {
  readonly #publisher: IdempotentPublisher;
  readonly #streams: RestorableStreams | undefined;

  /** @param streams Undefined where nothing is created again. */
  constructor(connection: JetStreamConnection, streams: RestorableStreams | undefined) {
    this.#publisher = new IdempotentPublisher(connection);
    this.#streams = streams;
  }

  /** @throws what {@link IdempotentPublisher.publish} and {@link RestorableStreams.ensure} throw. */
  async publish(request: PublishRequest, deadline: Deadline): Promise<PubAck> {
    try {
      return await this.#publisher.publish(request, deadline);
    } catch (error) {
      const isGone = error instanceof JetStreamNotFoundError && this.#streams?.captures(request.subject);
      if (isGone !== true) throw error;
      await this.#streams?.ensure();
      return this.#publisher.publish(request, deadline);
    }
  }
}
