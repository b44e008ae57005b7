import type { Commit } from '../../event/commit.js';
import { encodeCommit } from '../../event/commit-format.js';
import { subjectOf } from '../../event/subject.js';
import { isTraceparent } from '../../event/traceparent.js';
import { ServerHeader } from '../../jetstream/api/server-headers.js';
import { sizeOf } from '../../log/message-size.js';
import { PayloadTooLargeError } from '../../jetstream/publish/publish-errors.js';
import type { OutgoingMessage } from '../../log/message-log.js';

/** The message that stores a commit, guarded on the sequence of its stream's last commit (0 for none). */
export function toCommitMessage(store: string, commit: Commit, guard: number): OutgoingMessage {
  const { traceparent } = commit.metadata;
  return {
    subject: subjectOf(store, commit.stream),
    payload: encodeCommit(commit),
    headers: {
      [ServerHeader.messageId]: commit.commitId,
      [ServerHeader.expectedLastSubjectSequence]: String(guard),
      // any other text could be no header
      ...(isTraceparent(traceparent) && { traceparent }),
    },
  };
}

/** @throws {@link PayloadTooLargeError} when the message of a commit is larger than the log takes. */
export function checkSize(message: OutgoingMessage, { stream }: Commit, limit: number): void {
  const size = sizeOf(message);
  if (size > limit) throw new PayloadTooLargeError({ stream: stream.toString(), size, limit });
}
