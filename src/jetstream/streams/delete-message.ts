import type { Deadline } from '../../kernel/deadline.js';
import { ApiCode } from '../api/api-codes.js';
import type { ApiResult } from '../api/api-result.js';
import { findValue, unexpectedFault } from '../connection/expect-value.js';
import type { JetStreamConnection } from '../connection/jetstream-connection.js';

/** A message of a stream. */
interface MessagePlace {
  readonly stream: string;
  readonly sequence: number;
}

/**
 * Removes one message for good: its bytes are overwritten on the disk, which a purge does not do. One that is
 * gone already is fine.
 *
 * @throws {@link NatsError} when the server refuses, or does not answer in time.
 */
export async function deleteMessage(
  connection: JetStreamConnection,
  place: MessagePlace,
  deadline: Deadline,
): Promise<void> {
  const deleted = await connection.api.deleteMessage(place.stream, place.sequence, deadline);
  await requireGone(connection, { ...place, deleted }, deadline);
}

/**
 * Removes one message that holds nothing of anybody: its bytes stay on the disk. A server erases about 250
 * messages of a stream a second, and drops 6,000. One that is gone already is fine.
 *
 * @throws {@link NatsError} when the server refuses, or does not answer in time.
 */
export async function dropMessage(
  connection: JetStreamConnection,
  place: MessagePlace,
  deadline: Deadline,
): Promise<void> {
  const deleted = await connection.api.dropMessage(place.stream, place.sequence, deadline);
  await requireGone(connection, { ...place, deleted }, deadline);
}

async function requireGone(
  { api }: JetStreamConnection,
  { stream, sequence, deleted }: MessagePlace & { readonly deleted: ApiResult<unknown> },
  deadline: Deadline,
): Promise<void> {
  if (deleted.ok) return;
  // the server has one code for a message that is gone and for one that it may not delete
  const doing = `deleting the message at ${sequence} of ${stream}`;
  const found = await api.message(stream, { seq: sequence }, deadline);
  if (findValue(found, ApiCode.messageNotFound, doing) === undefined) return;
  throw unexpectedFault(doing, deleted.fault);
}
