import type { StoredCommit } from '../../event/commit.js';
import { SLOTS } from '../../event/slot.js';
import { InvalidOptionError } from '../../kernel/invalid-option-error.js';
import { checkKnownOptions, integerOption } from '../../kernel/options.js';
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
  /** How many messages of the replay's filter came after these when they were delivered. */
  readonly pending?: number;
}

const OPTIONS = ['from', 'categories', 'slots', 'maxBatch', 'signal', 'onRecovery'];
const DEFAULT_MAX_BATCH = 500;

/**
 * Checks the options of a replay before anything is sent.
 *
 * @returns the number of commits in one batch at most.
 */
export function checkFollowOptions(options: FollowOptions): number {
  checkKnownOptions(options, OPTIONS);
  checkSlots(options.slots);
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
