import type { Commit } from '../../event/commit.js';
import type { AppendRequest } from './append-request.js';
import type { StreamEnd } from './stream-end.js';

/** The commit that an append makes behind a tail. */
export function nextCommit(request: AppendRequest, tail: StreamEnd): Commit {
  const { stream, commitId, attemptId, metadata, events } = request;
  return {
    stream,
    commitId,
    attemptId,
    number: tail.number + 1,
    firstVersion: tail.version + 1,
    predecessors: tail.predecessors,
    metadata,
    events,
  };
}
