import type { StoredCommit } from '../../event/commit.js';
import type { CommitMessage } from '../../event/commit-format.js';
import { CorruptStreamError } from '../../event/event-errors.js';
import { positionOf } from '../../event/position.js';
import { isSystemCategory } from '../../event/stream-name.js';
import { categoryOfSubject, isNamedBy, slotSubjects } from '../../event/subject.js';
import type { MessageLog, ReplayOptions } from '../../log/message-log.js';
import { toStoredCommit } from '../read/stored-commit.js';
import { checkCategories } from './categories.js';
import type { CommitBatch } from './follow-options.js';

/** The part of a store that a replay covers. */
export interface CommitReplayOptions extends Omit<ReplayOptions, 'filters'> {
  /** Name of the store: the first token of its subjects. */
  readonly store: string;
  readonly categories?: readonly string[] | undefined;
  readonly slots?: readonly number[] | undefined;
}

/** A replay of the store, or of some of its categories and slots, decoded. */
export async function* replayCommits(
  log: MessageLog,
  { store, categories, slots, ...options }: CommitReplayOptions,
): AsyncGenerator<CommitBatch, void, void> {
  checkCategories(categories);
  const isWanted = ({ subject }: { readonly subject: string }): boolean =>
    categories !== undefined || !isSystemCategory(categoryOfSubject(subject) ?? '');
  const filters = filtersOf(store, categories, slots);
  for await (const batch of log.replay({ ...options, filters })) {
    const commits: StoredCommit[] = [];
    for (const [index, message] of batch.messages.entries()) {
      if (!isWanted(message)) continue;
      try {
        commits.push(commitOnSubject(message));
      } catch (error) {
        // deliver the commits before the fault: they are sound, and a retry would fail at the same place
        const pending = batch.pending + batch.messages.length - index;
        if (commits.length > 0) yield { commits, caughtUp: false, pending };
        throw error;
      }
    }
    yield { commits, caughtUp: batch.caughtUp, pending: batch.pending };
  }
}

function filtersOf(
  store: string,
  categories: readonly string[] | undefined,
  slots: readonly number[] | undefined,
): string[] {
  if (categories === undefined && slots === undefined) return [];
  const ofCategories = new Set(categories ?? ['*']);
  const ofSlots = new Set<number | '*'>(slots ?? ['*']);
  return [...ofSlots].flatMap((slot) =>
    [...ofCategories].map((category) => slotSubjects(store, slot, category)),
  );
}

/**
 * The commit in a message of the log.
 *
 * @throws {@link CorruptStreamError} when there is none, or its stream does not belong on the subject.
 */
export function commitOnSubject(message: CommitMessage & { readonly subject: string }): StoredCommit {
  const commit = toStoredCommit(message, message.subject);
  if (isNamedBy(message.subject, commit)) return commit;
  throw new CorruptStreamError({
    stream: message.subject,
    position: positionOf(message.sequence, 0),
    reason: `the commit belongs to ${commit.stream.toString()}`,
  });
}
