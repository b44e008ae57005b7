import type { Msg } from '@nats-io/transport-node';
import type { Deadline } from '../../kernel/deadline.js';
import { sleep } from '../../kernel/sleep.js';
import { mapBounded } from '../../kernel/map-bounded.js';
import type { SubjectMessage } from '../../log/message-log.js';
import { ApiCode } from '../api/api-codes.js';
import { ServerHeader } from '../api/server-headers.js';
import { NatsError } from '../connection/connection-errors.js';
import { expectValue, findValue } from '../connection/expect-value.js';
import type { JetStreamConnection } from '../connection/jetstream-connection.js';
import { isNoResponders } from '../connection/reply-inbox.js';
import { collectReplies, isStatus } from '../read/collect-replies.js';

/** How long a batch may keep silent before it is asked for again, in milliseconds. */
const SILENCE_MS = 1_000;
const PAUSE_MS = 50;
/** Messages in one page, where there are too many for one answer. */
const PAGE = 256;
/** Messages asked of the leader at a time. */
const AT_LEADER = 32;

/** Statuses of a direct get. */
const Status = { end: 204, none: 404, tooMany: 413 } as const;

const utf8 = new TextEncoder();

/** A message with the time at which the server stored it. */
export interface TimedMessage extends SubjectMessage {
  readonly time: number;
}

/** Which messages of a stream are listed. */
export interface MessageFilter {
  readonly stream: string;
  /** Subjects, with wildcards. */
  readonly filter: string;
  /** Told when nobody serves the stream; it is asked again afterwards. */
  readonly onUnserved: () => Promise<void>;
}

/** Some of the messages, and whether the server said that these are all. */
interface Page {
  readonly messages: readonly Msg[];
  readonly status: number;
  /** How many follow. */
  readonly pending: number;
}

/**
 * The messages of a stream that keeps one for each subject. From any replica, in one request where they are
 * not more than 1024. What a mirror in the same account has answered is thrown away: it may hold other
 * messages. The leader is asked then, and also whether there is really none.
 *
 * @throws {@link NatsError} when the server refuses, or does not answer in time.
 */
export async function listMessages(
  connection: JetStreamConnection,
  wanted: MessageFilter,
  deadline: Deadline,
): Promise<readonly TimedMessage[]> {
  const first = await askPage(connection, wanted, { multi_last: [wanted.filter] }, deadline);
  const isWhole = first.status === Status.end && first.pending === 0;
  const messages = isWhole ? first.messages : await allPages(connection, wanted, first, deadline);
  const isOwn = messages.every((reply) => reply.headers?.get(ServerHeader.stream) === wanted.stream);
  if (messages.length === 0 || !isOwn) return atLeader(connection, wanted, deadline);
  return messages.map(toMessage);
}

/** A message that is written meanwhile moves to the end, so none is missed. */
async function allPages(
  connection: JetStreamConnection,
  wanted: MessageFilter,
  { status }: Page,
  deadline: Deadline,
): Promise<readonly Msg[]> {
  if (status === Status.none) return [];
  const bySubject = new Map<string, Msg>();
  for (let next = 1; ;) {
    const body = { seq: next, next_by_subj: wanted.filter, batch: PAGE };
    const page = await askPage(connection, wanted, body, deadline);
    for (const reply of page.messages) bySubject.set(reply.headers?.get(ServerHeader.subject) ?? '', reply);
    const last = page.messages.at(-1);
    if (last === undefined || page.pending === 0) return [...bySubject.values()];
    next = Number(last.headers?.get(ServerHeader.sequence)) + 1;
  }
}

async function askPage(
  connection: JetStreamConnection,
  { stream, onUnserved }: MessageFilter,
  body: object,
  deadline: Deadline,
): Promise<Page> {
  const subject = connection.api.subjects.directGet(stream);
  const asked = { subject, payload: utf8.encode(JSON.stringify(body)), silenceMs: SILENCE_MS };
  while (await connection.whenConnected(deadline)) {
    const replies = await collectReplies(connection, asked, deadline);
    const end = replies.at(-1);
    if (end !== undefined && isNoResponders(end)) await onUnserved();
    else if (end !== undefined && isStatus(end)) return toPage(replies, subject);
    await sleep(Math.min(PAUSE_MS, deadline.leftMs), deadline.signal);
  }
  deadline.signal?.throwIfAborted();
  throw connection.unanswered(subject, `no answer came within ${deadline.totalMs} ms`);
}

function toPage(replies: readonly Msg[], subject: string): Page {
  const { code: status = 0, description = '' } = replies.at(-1)?.headers ?? {};
  const isKnown = status === Status.end || status === Status.none || status === Status.tooMany;
  if (!isKnown) throw new NatsError(`${subject} was answered with status ${status} ${description}`);
  const pending = Number(replies.at(-1)?.headers?.get(ServerHeader.pending) ?? 0);
  return { messages: replies.slice(0, -1), status, pending };
}

async function atLeader(
  { api }: JetStreamConnection,
  { stream, filter }: MessageFilter,
  deadline: Deadline,
): Promise<readonly TimedMessage[]> {
  const doing = `reading the records of stream ${stream}`;
  const found = await api.streamSubjects(stream, { filter }, deadline);
  const { subjects } = expectValue(found, doing);
  const read = async (subject: string): Promise<TimedMessage | undefined> => {
    const message = await api.message(stream, { last_by_subj: subject }, deadline);
    return findValue(message, ApiCode.messageNotFound, doing);
  };
  const messages = await mapBounded(subjects, read, { width: AT_LEADER, signal: deadline.signal });
  return messages.filter((message) => message !== undefined);
}

function toMessage(reply: Msg): TimedMessage {
  return {
    subject: reply.headers?.get(ServerHeader.subject) ?? '',
    sequence: Number(reply.headers?.get(ServerHeader.sequence)),
    data: reply.data,
    time: Date.parse(reply.headers?.get(ServerHeader.timestamp) ?? ''),
  };
}
