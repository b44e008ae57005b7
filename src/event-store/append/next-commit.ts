import type { Commit } from '../../event/commit.js';
import type { StreamEnd } from './stream-end.js';
import type { StreamWrite } from './write-request.js';

/** The commit that a write makes after the end of its stream. */
export function nextCommit(write: StreamWrite, attemptId: string, end: StreamEnd): Commit {
  const { stream, commitId, metadata, events } = write;
  return {
    stream,
    commitId,
    attemptId,
    number: end.number + 1,
    firstVersion: end.version + 1,
    predecessors: end.predecessors,
    metadata,
    events,
  };
}
