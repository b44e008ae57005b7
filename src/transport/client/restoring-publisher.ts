import type { PubAck } from '@nats-io/jetstream';
import { IdempotentPublisher } from '../../jetstream/publish/idempotent-publisher.js';
import type { PublishRequest } from '../../jetstream/publish/publish-request.js';
import type { JetStreamConnection } from '../../jetstream/connection/jetstream-connection.js';
import type { ConfiguredStreams } from '../../jetstream/streams/configured-streams.js';
import { JetStreamNotFoundError } from '../../jetstream/streams/stream-errors.js';
import type { Deadline } from '../../kernel/deadline.js';

/** A publisher that creates the client's streams again when the one of a subject is gone. */
export class RestoringPublisher {
  readonly #publisher: IdempotentPublisher;
  readonly #streams: ConfiguredStreams;

  constructor(connection: JetStreamConnection, streams: ConfiguredStreams) {
    this.#publisher = new IdempotentPublisher(connection);
    this.#streams = streams;
  }

  /** @throws what {@link IdempotentPublisher.publish} and {@link ConfiguredStreams.ensure} throw. */
  async publish(request: PublishRequest, deadline: Deadline): Promise<PubAck> {
    try {
      return await this.#publisher.publish(request, deadline);
    } catch (error) {
      const isGone = error instanceof JetStreamNotFoundError && this.#streams.captures(request.subject);
      if (!isGone) throw error;
      await this.#streams.ensure();
      return this.#publisher.publish(request, deadline);
    }
  }
}
