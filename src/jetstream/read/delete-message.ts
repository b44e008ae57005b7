import type { Deadline } from '../../kernel/deadline.js';
import { isFault, type JetStreamConnection, unexpectedFault } from '../connection/jetstream-connection.js';
import { MessageReader } from './message-reader.js';

/**
 * Removes one message for good: its bytes are overwritten on the disk (`no_erase` is off), which a purge does not do. One that is gone already is fine.
 *
 * @throws {@link NatsError} when the server refuses, or does not answer in time.
 */
export async function deleteMessage(
  connection: JetStreamConnection,
  stream: string,
  sequence: number,
  deadline: Deadline,
): Promise<void> {
  const call = `STREAM.MSG.DELETE.${stream}`;
  const answer = await connection.api<{ success: boolean }>(call, { seq: sequence }, deadline);
  if (!isFault(answer)) return;
  // the server has one code for a message that is gone and for one that it may not delete
  const left = await new MessageReader(connection, stream).bySequenceAtLeader(sequence, deadline);
  if (left === undefined) return;
  throw unexpectedFault(`deleting the message at ${sequence} of ${stream}`, answer.error);
}
