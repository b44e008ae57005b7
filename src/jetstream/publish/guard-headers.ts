import type { HeaderValues } from '../../log/message-log.js';
import { ServerHeader } from '../api/server-headers.js';
import type { PublishRequest } from './publish-request.js';

/** The headers by which the server knows a message again, and under which it stores it. */
export function guardHeaders({ messageId, expect }: PublishRequest): HeaderValues {
  const { streamName, lastMsgID, lastSequence, lastSubjectSequence } = expect;
  return {
    [ServerHeader.messageId]: messageId,
    ...(streamName !== undefined && { [ServerHeader.expectedStream]: streamName }),
    ...(lastMsgID !== undefined && { [ServerHeader.expectedLastMessageId]: lastMsgID }),
    ...(lastSequence !== undefined && { [ServerHeader.expectedLastSequence]: String(lastSequence) }),
    ...(lastSubjectSequence !== undefined && {
      [ServerHeader.expectedLastSubjectSequence]: String(lastSubjectSequence),
    }),
  };
}
