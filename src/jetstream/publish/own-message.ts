import type { PubAck } from '@nats-io/jetstream';
import type { Deadline } from '../../kernel/deadline.js';
import { ApiCode } from '../api-codes.js';
import { capturingStreams } from '../streams/capturing-streams.js';
import { isFault, type JetStreamConnection, unexpectedFault } from '../connection/jetstream-connection.js';
import type { PublishRequest } from './publish-request.js';

interface StoredWithHeaders {
  readonly message: { readonly seq: number; readonly hdrs?: string };
}

/**
 * Where the message stands that this request has stored already, as the leader knows; undefined when the next one behind what was expected
 * is another's.
 */
export async function findOwnMessage(
  connection: JetStreamConnection,
  request: PublishRequest,
  deadline: Deadline,
): Promise<PubAck | undefined> {
  const stream =
    request.expect.streamName ?? (await capturingStreams(connection, request.subject, deadline))?.[0];
  if (stream === undefined) return undefined;
  const answer = await connection.api<StoredWithHeaders>(
    `STREAM.MSG.GET.${stream}`,
    nextBehind(request),
    deadline,
  );
  if (isFault(answer)) {
    if (answer.error.err_code === ApiCode.messageNotFound) return undefined;
    throw unexpectedFault(`looking for ${request.messageId} in stream ${stream}`, answer.error);
  }
  const { seq, hdrs = '' } = answer.message;
  return messageIdIn(hdrs) === request.messageId ? { stream, seq, duplicate: false, domain: '' } : undefined;
}

/** The message that took the place which the expectation was about. */
function nextBehind({ subject, expect: { lastSequence, lastSubjectSequence } }: PublishRequest): object {
  if (lastSubjectSequence !== undefined) return { seq: lastSubjectSequence + 1, next_by_subj: subject };
  if (lastSequence !== undefined) return { seq: lastSequence + 1 };
  return { last_by_subj: subject };
}

function messageIdIn(encodedHeaders: string): string | undefined {
  const text = Buffer.from(encodedHeaders, 'base64').toString();
  return /^Nats-Msg-Id: *(.*?)\r$/im.exec(text)?.[1];
}
