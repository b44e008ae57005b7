import type { StoredCommit } from '../../event/commit.js';
import { SLOTS } from '../../event/slot.js';
import { InvalidOptionError } from '../../kernel/invalid-option-error.js';
import { checkKnownOptions, integerOption } from '../../kernel/options.js';
import { checkedReplica, type ReplicaSource } from '../../log/replica-source.js';
import type { ReadAllStart } from './read-all-start.js';

/** The part of the store that a replay covers. */
export interface FollowOptions {
  /** Where to begin. @default the beginning */
  readonly from?: ReadAllStart | undefined;
  /** Only streams of these categories, at least one. @default all but jetsource's own (`$…`) */
  readonly categories?: readonly string[] | undefined;
  /** Only streams of these slots, each 0 to 63: for readers that share a store. @default all */
  readonly slots?: readonly number[] | undefined;
  /** Number of commits in one batch at most. @default 500 */
  readonly maxBatch?: number | undefined;
  /**
   * Reads from a mirror of the store's JetStream stream, in place of the stream itself. Positions and times
   * are the store's. A mirror comes after its store: the replay then has caught up when it has all that the
   * mirror holds. Deletes are not mirrored: it may still deliver a commit that was removed from the store.
   *
   * @default the store's own stream
   */
  readonly readFrom?: ReplicaSource | undefined;
  /** Ends the replay. @default none */
  readonly signal?: AbortSignal | undefined;
  /** Called with the reason when the replay was interrupted; it continues by itself. @default none */
  readonly onRecovery?: ((reason: string) => void) | undefined;
}

/** Commits in store order. */
export interface CommitBatch {
  /** In the order of their positions; none where the replay only says that it has caught up. */
  readonly commits: readonly StoredCommit[];
  /** Whether no message came after these commits in the log when they were delivered. */
  readonly caughtUp: boolean;
  /**
   * How many messages of the replay's filter (its categories and slots) came after these commits in the log
   * when they were delivered; 0 when it has caught up. A message is a commit, or, without categories, one of
   * jetsource's own, which the replay leaves out.
   */
  readonly pending: number;
}

const OPTIONS = ['from', 'categories', 'slots', 'maxBatch', 'readFrom', 'signal', 'onRecovery'];
const DEFAULT_MAX_BATCH = 500;

/**
 * Checks the options of a replay before anything is sent.
 *
 * @returns the number of commits in one batch at most.
 */
export function checkFollowOptions(options: FollowOptions): number {
  checkKnownOptions(options, OPTIONS);
  checkSlots(options.slots);
  checkedReplica('readFrom', options.readFrom);
  return integerOption('maxBatch', options.maxBatch, { fallback: DEFAULT_MAX_BATCH });
}

function checkSlots(slots: unknown): void {
  if (slots === undefined) return;
  const isSlot = (slot: unknown): boolean =>
    Number.isInteger(slot) && (slot as number) >= 0 && (slot as number) < SLOTS;
  if (Array.isArray(slots) && slots.length > 0 && slots.every(isSlot)) return;
  throw new InvalidOptionError({
    option: 'slots',
    given: slots,
    allowed: `a list of numbers from 0 to ${SLOTS - 1}`,
  });
}
