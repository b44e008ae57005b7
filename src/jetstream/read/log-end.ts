import { isFault, type JetStreamConnection, unexpectedFault } from '../connection/jetstream-connection.js';
import { deadlineOf, MessageReader } from './message-reader.js';

const ALL_SUBJECTS = ['>'];

/** The end of a JetStream stream, as the leader knows it. */
export interface LogEnd {
  readonly sequence: number;
  /** The server's time of the last message in milliseconds since 1970. */
  readonly time: number;
}

/** Asks the leader for the end of a stream. */
export async function logEnd(
  connection: JetStreamConnection,
  stream: string,
  signal: AbortSignal | undefined,
): Promise<LogEnd> {
  const answer = await connection.api<{ state: { last_seq: number; last_ts: string } }>(
    `STREAM.INFO.${stream}`,
    undefined,
    deadlineOf({ signal }),
  );
  if (isFault(answer)) throw unexpectedFault(`asking for the end of store ${stream}`, answer.error);
  return { sequence: answer.state.last_seq, time: Date.parse(answer.state.last_ts) };
}

/** Whether the leader has a message that one of the filters matches, from one sequence to another, both included. */
export async function hasMessages(
  connection: JetStreamConnection,
  stream: string,
  filters: readonly string[],
  range: { readonly from: number; readonly to: number },
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const reader = new MessageReader(connection, stream);
  const subjects = filters.length === 0 ? ALL_SUBJECTS : filters;
  const next = await Promise.all(
    subjects.map(async (subject) => reader.nextAtLeader(subject, range.from, deadlineOf({ signal }))),
  );
  return next.some((message) => message !== undefined && message.sequence <= range.to);
}
