import type { CommitEvent, StoredCommit } from './commit.js';
import type { StreamName } from './stream-name.js';

/**
 * Encrypts events on their way into the log, and decrypts them on their way out. Both steps are asynchronous,
 * since keys come from a database. Everything that reads events passes through {@link openCommits},
 * everything that stores them through {@link seal}.
 */
export interface EventCipher {
  /** The events as they are to be stored. Their number and their types stay as they are. */
  seal(stream: StreamName, events: readonly CommitEvent[]): Promise<readonly CommitEvent[]>;
  /**
   * The commits with their events readable. Called with a batch at a time, so that keys are fetched together.
   */
  open(commits: readonly StoredCommit[]): Promise<readonly StoredCommit[]>;
}

/** Commits from the log with their events readable. Costs nothing where there is no cipher. */
export function openCommits<C extends readonly StoredCommit[]>(
  commits: C,
  cipher: EventCipher | undefined,
): C | Promise<readonly StoredCommit[]> {
  return cipher === undefined || commits.length === 0 ? commits : cipher.open(commits);
}
