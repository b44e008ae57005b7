import type { CommitEvent, StoredCommit } from '../../src/event/commit.js';
import type { StoredMetadata } from '../../src/event/metadata.js';
import { streamName } from '../../src/event/stream-name.js';

/** A commit with these events, as read from the log. */
export function commitOf(
  events: readonly CommitEvent[],
  metadata: StoredMetadata = { occurredAt: '2026-01-01T00:00:00.000Z' },
): StoredCommit {
  return {
    stream: streamName('order', '42'),
    commitId: '01890000-0000-7000-8000-000000000000',
    attemptId: '01890000-0000-4000-8000-000000000000',
    number: 1,
    firstVersion: 1,
    predecessors: [],
    metadata,
    events,
    sequence: 7,
    time: Date.parse('2026-01-01T00:00:01.000Z'),
  };
}
