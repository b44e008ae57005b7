import type { StoredCommit } from '../../event/commit.js';
import { slotOf } from '../../event/slot.js';
import { isSystemCategory } from '../../event/stream-name.js';
import { sequencesOf, transactionPartOf } from '../../event/transaction-part.js';
import type { EventStore } from '../../event-store/event-store.js';
import { Backoff } from '../../kernel/backoff.js';
import { hasJetsourceBrand } from '../../kernel/jetsource-error.js';
import { sleep } from '../../kernel/sleep.js';

/**
 * How often to look for the rest of a transaction, for about 5 s in all: a log that lost its end has none.
 */
const LOOKS = 12;

/**
 * How many of the leading commits can be applied without those after them, such that no transaction is cut.
 *
 * @param count No more than these. Those after them, if there are any, tell whether a transaction goes on.
 */
export function wholeTransactions(commits: readonly StoredCommit[], count = commits.length): number {
  const last = commits[count - 1];
  const transaction = last && transactionPartOf(last);
  if (last === undefined || transaction === undefined || transaction.part === transaction.of) return count;
  const next = commits[count];
  if (next !== undefined && transactionPartOf(next)?.id !== transaction.id) return count;
  // parts that were filtered out leave gaps, but those that came stand next to each other
  let first = count - 1;
  while (transactionPartOf(commits[first - 1] ?? last)?.id === transaction.id && first > 0) first -= 1;
  return first;
}

/** How many commits the first transaction has; 1 for a commit that is in none. */
export function firstTransaction(commits: readonly StoredCommit[]): number {
  for (let count = 1; count < commits.length; count += 1)
    if (wholeTransactions(commits, count) === count) return count;
  return commits.length;
}

/** Where the rest of a transaction may be found. */
export interface RestSearch {
  readonly store: EventStore;
  /** Those that the replay covers. */
  readonly categories: readonly string[] | undefined;
  /** Those of the lane; undefined for all. */
  readonly slots: readonly number[] | undefined;
  readonly signal: AbortSignal;
}

/**
 * Whether parts after these are to come. They are stored by then or about to be, since a transaction is
 * stored as a whole; but they may be of other categories, or have been removed.
 */
export async function restIsToCome(commits: readonly StoredCommit[], search: RestSearch): Promise<boolean> {
  const { store, signal } = search;
  const last = commits.at(-1);
  const transaction = last && transactionPartOf(last);
  if (last === undefined || transaction === undefined) return false;
  const end = sequencesOf(last, transaction).last;
  if (!(await reaches(store, end, signal))) return false;
  // the last part first: mostly it decides
  for (let sequence = end; sequence > last.sequence; sequence -= 1) {
    const commit = await soundCommitAt(sequence, store, signal);
    if (commit === undefined || transactionPartOf(commit)?.id !== transaction.id) continue;
    if (isRead(commit, search)) return true;
  }
  return false;
}

/** Whether the replay covers the stream of a commit. */
function isRead({ stream }: StoredCommit, { categories, slots }: RestSearch): boolean {
  const { category } = stream;
  const isCovered = categories === undefined ? !isSystemCategory(category) : categories.includes(category);
  return isCovered && (slots === undefined || slots.includes(slotOf(stream)));
}

/** Undefined where the message is no sound commit: the replay tells of it, and applies none. */
async function soundCommitAt(
  sequence: number,
  store: EventStore,
  signal: AbortSignal,
): Promise<StoredCommit | undefined> {
  try {
    return await store.commitAt(sequence, { signal });
  } catch (error) {
    if (hasJetsourceBrand(error) && error.code === 'corrupt-stream') return undefined;
    throw error;
  }
}

async function reaches(store: EventStore, sequence: number, signal: AbortSignal): Promise<boolean> {
  const backoff = new Backoff(10, 1_000);
  for (let look = 1; look <= LOOKS; look += 1) {
    if ((await store.lastSequence({ signal })) >= sequence) return true;
    await sleep(backoff.next(), signal);
  }
  return false;
}
