import { lastVersionOf, type StoredCommit } from '../../event/commit.js';
import { UuidSet } from '../../kernel/uuid-set.js';
import { EMPTY_STREAM, type StreamEnd } from './stream-end.js';

/** Where the version stands in a UUID. Ids of commands have version 5, those of other commits 7. */
const VERSION_AT = 14;

/** The last commit that is covered. */
export interface CoveredEnd extends Pick<StreamEnd, 'sequence' | 'version' | 'commitId'> {
  readonly attemptId: string;
}

/**
 * The commands that a stream holds up to one of its commits: tells of new ones that they are new, without
 * reading the stream. One that is taken for an old one would cost a read of all of it, so hardly any may be.
 */
export class StreamCommands {
  readonly #ids = new UuidSet();
  #end: CoveredEnd = { ...EMPTY_STREAM, attemptId: '' };

  get end(): CoveredEnd {
    return this.#end;
  }

  /** What it takes in memory, in bytes. */
  get bytes(): number {
    return this.#ids.bytes;
  }

  /** Whether the stream may hold it; `false` is certain up to the end. Only ids of commands are known. */
  mayHold(commitId: string): boolean {
    return !isOfCommand(commitId) || this.#ids.has(commitId);
  }

  /** Takes note of a commit without moving the end: others between the end and this one may be missing. */
  add({ commitId }: Pick<StoredCommit, 'commitId'>): void {
    if (isOfCommand(commitId)) this.#ids.add(commitId);
  }

  /** All commits up to that one have been added. */
  moveTo(last: StoredCommit): void {
    if (last.sequence > this.#end.sequence) this.#end = coveredBy(last);
  }
}

function coveredBy(commit: StoredCommit): CoveredEnd {
  const { sequence, commitId, attemptId } = commit;
  return { sequence, version: lastVersionOf(commit), commitId, attemptId };
}

/**
 * Whether that commit is the last one covered. The id of a command does not tell: after a loss it may stand
 * at the same sequence in another history.
 */
export function isLast(end: CoveredEnd, { sequence, commitId, attemptId }: StoredCommit): boolean {
  return sequence === end.sequence && commitId === end.commitId && attemptId === end.attemptId;
}

/** Whether a commit with that id was stored under a command id. */
export function isOfCommand(commitId: string): boolean {
  return commitId[VERSION_AT] === '5';
}
