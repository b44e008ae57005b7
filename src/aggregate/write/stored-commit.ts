import type { StoredCommit } from '../../event/commit.js';
import { parsePosition } from '../../event/position.js';
import type { AppendResult } from '../../event-store/append/append-options.js';
import { commitOf } from '../../event-store/append/append-result.js';
import type { EventStore } from '../../event-store/event-store.js';

/**
 * The commit that an append has stored, for the state to be folded on. A result that a wrapped store has
 * copied does not hold it: it is read by its position then. Undefined when it cannot be read, so that the
 * state is loaded again at the next command.
 */
export async function storedCommit(
  store: EventStore,
  result: AppendResult,
): Promise<StoredCommit | undefined> {
  const commit = commitOf(result);
  if (commit !== undefined || result.position === undefined) return commit;
  // the events are stored in any case: a read that fails is no failure of the command
  return store.commitAt(parsePosition(result.position).sequence).catch(() => undefined);
}
