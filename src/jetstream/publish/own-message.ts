import type { PubAck } from '@nats-io/jetstream';
import type { Deadline } from '../../kernel/deadline.js';
import { ApiCode } from '../api/api-codes.js';
import { capturingStreams } from '../streams/capturing-streams.js';
import type { MessageQuery } from '../api/jetstream-api.js';
import { ServerHeader } from '../api/server-headers.js';
import { findValue } from '../connection/expect-value.js';
import type { JetStreamConnection } from '../connection/jetstream-connection.js';
import type { PublishRequest } from './publish-request.js';

/**
 * The sequence of the message that an earlier send of this request has stored, read from the leader;
 * undefined when another message took the expected place.
 */
export async function findOwnMessage(
  connection: JetStreamConnection,
  request: PublishRequest,
  deadline: Deadline,
): Promise<PubAck | undefined> {
  const stream =
    request.expect.streamName ?? (await capturingStreams(connection, request.subject, deadline))?.[0];
  if (stream === undefined) return undefined;
  const found = await connection.api.message(stream, afterExpected(request), deadline);
  const doing = `looking for ${request.messageId} in stream ${stream}`;
  const message = findValue(found, ApiCode.messageNotFound, doing);
  if (message?.headers.get(ServerHeader.messageId) !== request.messageId) return undefined;
  return { stream, seq: message.sequence, duplicate: false, domain: '' };
}

/** The message that took the place which the expectation was about. */
function afterExpected({
  subject,
  expect: { lastSequence, lastSubjectSequence },
}: PublishRequest): MessageQuery {
  if (lastSubjectSequence !== undefined) return { seq: lastSubjectSequence + 1, next_by_subj: subject };
  if (lastSequence !== undefined) return { seq: lastSequence + 1 };
  return { last_by_subj: subject };
}
