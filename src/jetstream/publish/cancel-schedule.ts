import type { Deadline } from '../../kernel/deadline.js';
import { ApiCode } from '../api/api-codes.js';
import { findValue } from '../connection/expect-value.js';
import type { JetStreamConnection } from '../connection/jetstream-connection.js';
import { recurringSubject } from '../names/schedule-subject.js';
import { deleteMessage } from '../streams/delete-message.js';

/** A message that is delivered again and again. */
export interface ScheduleRef {
  /** The JetStream stream that holds it. */
  readonly stream: string;
  readonly name: string;
}

/**
 * Removes a message that is delivered again and again. What has been delivered already stays.
 *
 * @returns whether there was one.
 */
export async function cancelSchedule(
  connection: JetStreamConnection,
  { stream, name }: ScheduleRef,
  deadline: Deadline,
): Promise<boolean> {
  const query = { last_by_subj: recurringSubject(stream, name) };
  const found = await connection.api.message(stream, query, deadline);
  const doing = `looking for schedule ${name} of stream ${stream}`;
  const message = findValue(found, ApiCode.messageNotFound, doing);
  if (message === undefined) return false;
  await deleteMessage(connection, { stream, sequence: message.sequence }, deadline);
  return true;
}
