import type { StoredCommit } from '../../event/commit.js';
import { type CommitMessage, decodeCommit } from '../../event/commit-format.js';
import { positionOf } from '../../event/position.js';
import { CorruptStreamError } from '../../event/event-errors.js';

/**
 * The commit in a message.
 *
 * @param where The stream or the subject, for the error.
 * @throws {@link CorruptStreamError} when it holds none.
 */
export function toStoredCommit(message: CommitMessage, where: string): StoredCommit {
  const commit = decodeCommit(message);
  if (typeof commit === 'string') {
    throw new CorruptStreamError({
      stream: where,
      position: positionOf(message.sequence, 0),
      reason: commit,
    });
  }
  return commit;
}
