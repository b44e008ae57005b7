import { ApiCode } from '../api/api-codes.js';
import type { JetStreamApi } from '../api/jetstream-api.js';
import { expectValue, findValue } from '../connection/expect-value.js';
import { deadlineOf } from '../../log/read-deadline.js';
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
export async function logEnd(api: JetStreamApi, stream: string, patience: ReadPatience): Promise<LogEnd> {
  const info = await api.streamInfo(stream, deadlineOf(patience));
  const { state } = expectValue(info, `asking for the end of store ${stream}`);
  return { sequence: state.last_seq, time: Date.parse(state.last_ts) };
}

/** Whether the leader has one of those messages. */
export async function hasMessages(
  api: JetStreamApi,
  stream: string,
  { filters, from, to, signal }: MessageRange,
): Promise<boolean> {
  const subjects = filters.length === 0 ? ALL_SUBJECTS : filters;
  const next = await Promise.all(
    subjects.map(async (subject) => {
      const query = { seq: from, next_by_subj: subject };
      const message = await api.message(stream, query, deadlineOf({ signal }));
      return findValue(message, ApiCode.messageNotFound, `reading from store ${stream}`);
    }),
  );
  return next.some((message) => message !== undefined && message.sequence <= to);
}
