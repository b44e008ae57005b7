import type { StoredCommit } from '../event/commit.js';
import { isSystemCategory } from '../event/stream-name.js';
import { categoryOfSubject, categorySubjects } from '../event/subject.js';
import type { JetStreamConnection } from '../jetstream/jetstream-connection.js';
import { replay, type ReplayOptions } from '../jetstream/replay-loop.js';
import type { ReplayMessage } from '../jetstream/replay-message.js';
import { InvalidOptionError } from '../kernel/errors.js';
import type { CommitBatch } from './event-store.js';
import { toStoredCommit } from './stored-commit.js';

const CATEGORY = /^[$A-Za-z][A-Za-z0-9_-]{0,63}$/;

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
    const commits = batch.messages.filter(wanted).map(decode);
    yield { commits, caughtUp: batch.caughtUp };
  }
}

function filtersOf(store: string, categories: readonly string[] = []): string[] {
  return [...new Set(categories)].map((category) => {
    if (CATEGORY.test(category)) return categorySubjects(store, category);
    throw new InvalidOptionError({ option: 'categories', given: category, allowed: 'names of categories' });
  });
}

function decode(message: ReplayMessage): StoredCommit {
  return toStoredCommit(message, message.subject);
}
