import { NatsError } from '../../jetstream/connection/connection-errors.js';
import type { JetStreamConnection } from '../../jetstream/connection/jetstream-connection.js';
import { findStream } from '../../jetstream/streams/find-stream.js';
import { isStoreStream } from '../../jetstream/streams/store-stream.js';
import { Deadline } from '../../kernel/deadline.js';

const LOOKUP_TIMEOUT_MS = 10_000;

/**
 * Whether a JetStream stream is an event store's. If this user may not look, it is taken for a stream of
 * plain messages.
 *
 * @throws {@link NatsError} when there is no answer within 10 s.
 */
export async function holdsCommits(connection: JetStreamConnection, log: string): Promise<boolean> {
  const deadline = new Deadline(LOOKUP_TIMEOUT_MS);
  try {
    const found = await findStream(connection, log, deadline);
    return found !== undefined && isStoreStream(found.config);
  } catch (error) {
    if (error instanceof NatsError && !deadline.passed) return false;
    throw error;
  }
}
