import type { CommitEvent } from '../../event/commit.js';
import type { StoredMetadata } from '../../event/metadata.js';
import type { StreamName } from '../../event/stream-name.js';
import type { Deadline } from '../../kernel/deadline.js';
import type { ExpectedEnd } from './expectation.js';

/** One stream of a request: what is expected of it. */
export interface StreamCheck extends ExpectedEnd {
  /** Place among the entries of the request. */
  readonly index: number;
  readonly stream: StreamName;
}

/** A stream that a request stores a commit in. */
export interface StreamWrite extends StreamCheck {
  readonly commitId: string;
  readonly events: readonly CommitEvent[];
  readonly metadata: StoredMetadata;
  /** Version up to which the caller has looked for the commit id. */
  readonly lookedUpTo: number;
}

/**
 * What is to be stored, all or nothing, if every stream is as expected. An append is a request of one stream. The input has been checked: it can
 * only fail on the state of the streams, or on the way.
 */
export interface WriteRequest {
  readonly id: string;
  /** What is written, for errors: `append to order/42`, `transaction`. */
  readonly label: string;
  readonly isTransaction: boolean;
  readonly attemptId: string;
  /** Whether another call may use the same commit ids: on a conflict, the ids are looked for in the streams first. */
  readonly idIsShared: boolean;
  /** At least one. */
  readonly writes: readonly StreamWrite[];
  readonly checks: readonly StreamCheck[];
  readonly deadline: Deadline;
}
