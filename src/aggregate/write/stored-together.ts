import type { StoredCommit } from '../../event/commit.js';
import { sequencesOf, transactionPartOf } from '../../event/transaction-part.js';
import { parsePosition, type Position } from '../../event/position.js';
import type { EventStore } from '../../event-store/event-store.js';

/**
 * The commits of the transaction that stored an event, in their order; one commit when it was stored by an
 * append.
 */
export async function storedTogether(
  store: EventStore,
  position: Position,
  signal: AbortSignal | undefined,
): Promise<StoredCommit[]> {
  const { sequence } = parsePosition(position);
  const commit = await store.commitAt(sequence, { signal });
  if (commit === undefined) return [];
  const transaction = transactionPartOf(commit);
  if (transaction === undefined) return [commit];
  // the commits of a transaction have consecutive sequences
  const { first } = sequencesOf(commit, transaction);
  const all = await Promise.all(
    Array.from({ length: transaction.of }, async (_, index) => store.commitAt(first + index, { signal })),
  );
  return all.filter(
    (other) => other !== undefined && transactionPartOf(other)?.id === transaction.id,
  ) as StoredCommit[];
}
