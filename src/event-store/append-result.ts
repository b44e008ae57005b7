import { lastVersionOf, type StoredCommit } from '../event/commit.js';
import { positionOf } from '../event/position.js';
import { asVersion } from '../event/version.js';
import type { AppendResult } from './event-store.js';

/** What an append that ended in this commit reports. */
export function toAppendResult(commit: StoredCommit, committed: boolean): AppendResult {
  const events = commit.events.map((event, index) => ({
    id: `${commit.commitId}/${index}`,
    type: event.type,
    version: asVersion(commit.firstVersion + index),
    position: positionOf(commit.sequence, index),
  }));
  return {
    stream: commit.stream,
    version: asVersion(lastVersionOf(commit)),
    position: positionOf(commit.sequence, commit.events.length - 1),
    committed,
    events,
  };
}
