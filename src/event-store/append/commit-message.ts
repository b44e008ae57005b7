import type { Commit } from '../../event/commit.js';
import { encodeCommit } from '../../event/commit-format.js';
import { subjectOf } from '../../event/subject.js';
import { type OutgoingMessage, sizeOf } from '../../jetstream/publish/publisher.js';
import { PayloadTooLargeError } from '../../jetstream/publish/publish-errors.js';
import type { StreamEnd } from './stream-end.js';

/** The header by which the server compares the last sequence of the message's subject. */
export const GUARD = 'Nats-Expected-Last-Subject-Sequence';

/**
 * The message that stores a commit behind a tail, guarded on it.
 *
 * @throws {@link PayloadTooLargeError} when it is larger than the server takes.
 */
export function toCommitMessage(
  store: string,
  commit: Commit,
  tail: StreamEnd,
  maxPayload: number,
): OutgoingMessage {
  const message = {
    subject: subjectOf(store, commit.stream),
    payload: encodeCommit(commit),
    headers: { 'Nats-Msg-Id': commit.commitId, [GUARD]: String(tail.sequence) },
  };
  const size = sizeOf(message);
  if (size > maxPayload) {
    throw new PayloadTooLargeError({ stream: commit.stream.toString(), size, limit: maxPayload });
  }
  return message;
}
