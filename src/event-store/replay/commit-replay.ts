import type { StoredCommit } from '../../event/commit.js';
import type { CommitMessage } from '../../event/commit-format.js';
import { positionOf } from '../../event/position.js';
import { isSystemCategory } from '../../event/stream-name.js';
import { categoryOfSubject, categorySubjects, isNamedBy } from '../../event/subject.js';
import type { JetStreamConnection } from '../../jetstream/connection/jetstream-connection.js';
import { replay, type ReplayOptions } from '../../jetstream/replay/replay-loop.js';
import type { ReplayMessage } from '../../jetstream/replay/replay-message.js';
import { CorruptStreamError } from '../../event/event-errors.js';
import { checkCategories } from './categories.js';
import type { CommitBatch } from '../event-store.js';
import { toStoredCommit } from '../read/stored-commit.js';

/** A replay of the store, or of some of its categories, decoded. */
export async function* replayCommits(
  connection: JetStreamConnection,
  store: string,
  categories: readonly string[] | undefined,
  options: Omit<ReplayOptions, 'filters'>,
): AsyncGenerator<CommitBatch, void, void> {
  const filters = filtersOf(store, categories);
  const wanted = (message: ReplayMessage): boolean =>
    categories !== undefined || !isSystemCategory(categoryOfSubject(message.subject) ?? '');
  for await (const batch of replay(connection, store, { ...options, filters })) {
    const commits: StoredCommit[] = [];
    for (const message of batch.messages.filter(wanted)) {
      try {
        commits.push(commitOnSubject(message));
      } catch (error) {
        // what stands before the fault is sound, and would never get through otherwise
        if (commits.length > 0) yield { commits, caughtUp: false };
        throw error;
      }
    }
    yield { commits, caughtUp: batch.caughtUp };
  }
}

function filtersOf(store: string, categories: readonly string[] = []): string[] {
  checkCategories(categories);
  return [...new Set(categories)].map((category) => categorySubjects(store, category));
}

/**
 * The commit in a message of the log.
 *
 * @throws {@link CorruptStreamError} when there is none, or its stream does not belong on the subject.
 */
export function commitOnSubject(message: CommitMessage & { readonly subject: string }): StoredCommit {
  const commit = toStoredCommit(message, message.subject);
  if (isNamedBy(message.subject, commit.stream)) return commit;
  throw new CorruptStreamError({
    stream: message.subject,
    position: positionOf(message.sequence, 0),
    reason: `the commit belongs to ${commit.stream.toString()}`,
  });
}
