import type { StreamInfo } from '@nats-io/jetstream';
import type { Deadline } from '../../kernel/deadline.js';
import { ApiCode } from '../api/api-codes.js';
import { findValue } from '../connection/expect-value.js';
import type { JetStreamConnection } from '../connection/jetstream-connection.js';

/**
 * The stream's settings and state; undefined when it does not exist.
 *
 * @throws {@link NatsError} when the user may not look, or no answer comes in time.
 */
export async function findStream(
  { api }: JetStreamConnection,
  name: string,
  deadline: Deadline,
): Promise<StreamInfo | undefined> {
  const result = await api.streamInfo(name, deadline);
  return findValue(result, ApiCode.streamNotFound, `reading the settings of stream ${name}`);
}
