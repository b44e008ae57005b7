import { subjectOf } from '../../event/subject.js';
import type { OutgoingMessage } from '../../jetstream/publish/publisher.js';
import { CommitRemovedError } from '../../event-store/append/append-errors.js';
import type { AppendRequest } from '../../event-store/append/append-request.js';
import { toCommitMessage } from '../../event-store/append/commit-message.js';
import type { InMemoryLog } from './in-memory-log.js';
import type { InMemoryReader } from './in-memory-reader.js';
import { nextCommit } from '../../event-store/append/next-commit.js';
import type { StreamEnd } from '../../event-store/append/stream-end.js';

/** What appends and transactions in memory work with. */
export interface InMemoryParts {
  readonly store: string;
  readonly log: InMemoryLog;
  readonly reader: InMemoryReader;
  /** The largest message that is taken, in bytes as a server counts them. */
  readonly maxPayload: number;
}

/**
 * The message that stores an append behind a tail.
 *
 * @throws {@link PayloadTooLargeError} when it is larger than is taken.
 */
export function messageOf(
  parts: InMemoryParts,
  request: AppendRequest,
  tail: StreamEnd,
  maxPayload = parts.maxPayload,
): OutgoingMessage {
  return toCommitMessage(parts.store, nextCommit(request, tail), tail, maxPayload);
}

/**
 * A caller that claims to have looked where it has not learns of it as from a server, which remembers message ids.
 *
 * @throws {@link CommitRemovedError} when the log holds the commit id.
 */
export function checkUnknown({ log }: InMemoryParts, { stream, commitId }: AppendRequest): void {
  if (log.withId(commitId) === undefined) return;
  throw new CommitRemovedError({ stream: stream.toString(), commitId });
}

/** Whether the log still ends as the message's guard says. */
export function guardHolds(
  { log, store }: InMemoryParts,
  { stream }: AppendRequest,
  tail: StreamEnd,
): boolean {
  return (log.ofSubject(subjectOf(store, stream)).at(-1)?.sequence ?? 0) === tail.sequence;
}
