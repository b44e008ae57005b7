import type { NamedStreamConfig } from '../../jetstream/api/jetstream-api.js';
import type { JetStreamConnection } from '../../jetstream/connection/jetstream-connection.js';
import { findStream } from '../../jetstream/streams/find-stream.js';
import { Deadline } from '../../kernel/deadline.js';

const TIMEOUT_MS = 5_000;

/**
 * Whether a JetStream stream keeps each message until somebody removes it. One with limits does not, and one
 * with another retention removes what its consumers have done.
 */
export async function keepsAllMessages(connection: JetStreamConnection, stream: string): Promise<boolean> {
  const found = await findStream(connection, stream, new Deadline(TIMEOUT_MS));
  return found !== undefined && isUnlimited(found.config);
}

function isUnlimited(config: NamedStreamConfig): boolean {
  const {
    retention,
    max_age: age,
    max_msgs: count,
    max_bytes: bytes,
    max_msgs_per_subject: perSubject,
  } = config;
  return retention === 'limits' && [age, count, bytes, perSubject].every((limit = 0) => limit <= 0);
}
