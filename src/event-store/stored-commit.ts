import type { StoredCommit } from '../event/commit.js';
import { decodeCommit } from '../event/commit-format.js';
import { positionOf } from '../event/position.js';
import { CorruptStreamError } from '../kernel/errors.js';

/** A message as the readers of the JetStream layer hand it over. */
interface Message {
  readonly sequence: number;
  readonly data: Uint8Array;
  readonly time?: number | undefined;
}

/**
 * The commit in a message.
 *
 * @param where The stream or the subject, for the error.
 * @throws {@link CorruptStreamError} when it holds none.
 */
export function toStoredCommit(message: Message, where: string): StoredCommit {
  const commit = decodeCommit(message.data);
  if (typeof commit === 'string') {
    throw new CorruptStreamError({
      stream: where,
      position: positionOf(message.sequence, 0),
      reason: commit,
    });
  }
  return { ...commit, sequence: message.sequence, time: message.time };
}
