import type { StoredCommit } from '../event/commit.js';
import type { Version } from '../event/version.js';

/** An aggregate as it was loaded, with what it was folded from. */
export interface LoadedAggregate<A> {
  readonly aggregate: A;
  readonly version: Version;
  readonly commits: readonly StoredCommit[];
}
