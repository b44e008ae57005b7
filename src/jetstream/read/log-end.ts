import { expectValue } from '../connection/expect-value.js';
import type { JetStreamConnection } from '../connection/jetstream-connection.js';
import { deadlineOf } from '../../log/read-deadline.js';
import { MessageReader } from './message-reader.js';
import type { ReadPatience } from '../../log/message-log.js';

const ALL_SUBJECTS = ['>'];

/** The end of a JetStream stream, as the leader knows it. */
export interface LogEnd {
  readonly sequence: number;
  /** The server's time of the last message in milliseconds since 1970. */
  readonly time: number;
}

/** Messages of some subjects between two sequences, both included. */
export interface MessageRange {
  /** Subject filters; none for all subjects. */
  readonly filters: readonly string[];
  readonly from: number;
  readonly to: number;
  readonly signal?: AbortSignal | undefined;
}

/** Asks the leader for the end of a stream. */
export async function logEnd(
  { api }: JetStreamConnection,
  stream: string,
  patience: ReadPatience,
): Promise<LogEnd> {
  const info = await api.streamInfo(stream, deadlineOf(patience));
  const { state } = expectValue(info, `asking for the end of store ${stream}`);
  return { sequence: state.last_seq, time: Date.parse(state.last_ts) };
}

/** Whether the leader has one of those messages. */
export async function hasMessages(
  connection: JetStreamConnection,
  stream: string,
  { filters, from, to, signal }: MessageRange,
): Promise<boolean> {
  const reader = new MessageReader(connection, stream);
  const subjects = filters.length === 0 ? ALL_SUBJECTS : filters;
  const next = await Promise.all(
    subjects.map(async (subject) => reader.nextAtLeader(subject, from, deadlineOf({ signal }))),
  );
  return next.some((message) => message !== undefined && message.sequence <= to);
}
