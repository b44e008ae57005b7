import type { Deadline } from '../../kernel/deadline.js';
import { ApiCode } from '../api/api-codes.js';
import { findValue } from '../connection/expect-value.js';
import type { JetStreamConnection } from '../connection/jetstream-connection.js';
import type { DeliveredMessage } from './delivered-message.js';

/**
 * Reads the content of a message again that was dropped while it waited.
 *
 * @returns whether there is one: it may have been removed from the stream since, or the stream may be gone.
 * @throws {@link NatsError} when the user may not read it, or no answer comes in time.
 */
export async function loadContent(
  { api }: JetStreamConnection,
  message: DeliveredMessage,
  deadline: Deadline,
): Promise<boolean> {
  if (message.isLoaded) return true;
  if (!message.isOwned) return false;
  const { stream, streamSequence: seq } = message.info;
  const read = await api.message(stream, { seq }, deadline);
  const content = findValue(read, ApiCode.messageNotFound, `reading message ${seq} of ${stream} again`);
  if (content === undefined) message.ack();
  else message.load(content);
  return content !== undefined;
}
