import type { ConsumerInfo } from '@nats-io/jetstream';
import type { Deadline } from '../../kernel/deadline.js';
import { unexpectedFault } from '../connection/expect-value.js';
import type { JetStreamConnection } from '../connection/jetstream-connection.js';

/** Claims that are older than this come again at once, in nanoseconds. */
const HURRIED_ACK_WAIT_NS = 300 * 1_000_000;

/**
 * Lets a consumer deliver what is pending again, soon, and nothing else. Claims run out within 0.3 s, and
 * `max_ack_pending` is 1: the server delivers again what was delivered before, but nothing new, while anything
 * is pending. It stays so until the settings are brought up to date.
 *
 * @throws {@link NatsError} when the server refuses.
 */
export async function hurryPending(
  connection: JetStreamConnection,
  { stream_name: stream, name, config }: ConsumerInfo,
  deadline: Deadline,
): Promise<void> {
  const hurried = { ...config, name, ack_wait: HURRIED_ACK_WAIT_NS, max_ack_pending: 1 };
  const result = await connection.api.putConsumer(stream, { config: hurried, action: 'update' }, deadline);
  if (!result.ok)
    throw unexpectedFault(`asking for what is pending at consumer ${name} of ${stream}`, result.fault);
}
