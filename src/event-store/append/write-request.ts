import type { CommitEvent } from '../../event/commit.js';
import type { StoredMetadata } from '../../event/metadata.js';
import type { StreamName } from '../../event/stream-name.js';
import type { Deadline } from '../../kernel/deadline.js';
import type { ExpectedEnd } from './expectation.js';

/** One stream of a request and its expectation. */
export interface StreamCheck extends ExpectedEnd {
  /** Index of the entry in the request. */
  readonly index: number;
  readonly stream: StreamName;
}

/** A stream in which a request stores a commit. */
export interface StreamWrite extends StreamCheck {
  readonly commitId: string;
  readonly events: readonly CommitEvent[];
  readonly metadata: StoredMetadata;
  /** Version up to which the caller has searched for the commit id. */
  readonly lookedUpTo: number;
}

/**
 * A request to store commits, all or nothing, if every stream is as expected. An append is a request of one
 * stream. The input has been checked: only the state of the streams or the connection can make it fail.
 */
export interface WriteRequest {
  readonly id: string;
  /** Name of the request in errors: `append to order/42`, `transaction`. */
  readonly label: string;
  readonly isTransaction: boolean;
  readonly attemptId: string;
  /**
   * Whether another call may use the same commit ids. On a conflict the ids are then looked up in the streams
   * first.
   */
  readonly idIsShared: boolean;
  /** At least one. */
  readonly writes: readonly StreamWrite[];
  readonly checks: readonly StreamCheck[];
  readonly deadline: Deadline;
}
