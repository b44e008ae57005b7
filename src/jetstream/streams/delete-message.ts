import type { Deadline } from '../../kernel/deadline.js';
import { ApiCode } from '../api/api-codes.js';
import { findValue, unexpectedFault } from '../connection/expect-value.js';
import type { JetStreamConnection } from '../connection/jetstream-connection.js';

/**
 * Removes one message for good: its bytes are overwritten on the disk, which a purge does not do. One that is
 * gone already is fine.
 *
 * @throws {@link NatsError} when the server refuses, or does not answer in time.
 */
export async function deleteMessage(
  { api }: JetStreamConnection,
  { stream, sequence }: { readonly stream: string; readonly sequence: number },
  deadline: Deadline,
): Promise<void> {
  const deleted = await api.deleteMessage(stream, sequence, deadline);
  if (deleted.ok) return;
  // the server has one code for a message that is gone and for one that it may not delete
  const doing = `deleting the message at ${sequence} of ${stream}`;
  const found = await api.message(stream, { seq: sequence }, deadline);
  if (findValue(found, ApiCode.messageNotFound, doing) === undefined) return;
  throw unexpectedFault(doing, deleted.fault);
}
