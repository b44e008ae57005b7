import { lastVersionOf, type StoredCommit } from '../../event/commit.js';
import { decodeCommit } from '../../event/commit-format.js';
import { isNotification } from '../../event/notification.js';
import { positionOf } from '../../event/position.js';
import { isBefore, nextPredecessors } from '../../event/predecessors.js';
import { categoryOfSubject, subjectOfCommit } from '../../event/subject.js';
import type { SubjectMessage } from '../../log/message-log.js';
import { CHECK_CATEGORY } from '../append/check-messages.js';
import { CommitIds } from './commit-ids.js';
import type { StoreFault, StoreFaultKind } from './store-fault.js';

/** The end of a stream as far as it has been walked. */
interface WalkedEnd {
  readonly number: number;
  readonly version: number;
  /** What the next commit has to list; undefined when its predecessors are not all known. */
  readonly predecessors: readonly number[] | undefined;
}

const NO_COMMITS: WalkedEnd = { number: 0, version: 0, predecessors: [] };

/**
 * Judges the messages of a store one after the other, with a memory of every stream: what no reader of the
 * whole log can afford. It needs about 150 bytes a commit and 300 bytes a stream.
 */
export class StoreVerification {
  readonly #store: string;
  readonly #ends = new Map<string, WalkedEnd>();
  readonly #ids = new CommitIds();
  /** Commits looked at. */
  commits = 0;
  /** Messages that only carried a check of a transaction: readers skip them. */
  checks = 0;

  constructor(store: string) {
    this.#store = store;
  }

  /** Streams that have commits. */
  get streams(): number {
    return this.#ends.size;
  }

  /** The faults of the next message of the log. */
  faultsOf(message: SubjectMessage): StoreFault[] {
    if (categoryOfSubject(message.subject) === CHECK_CATEGORY) {
      this.checks += 1;
      return [];
    }
    const commit = decodeCommit(message);
    if (typeof commit === 'string') return [faultAt(message, 'no-commit', commit)];
    this.commits += 1;
    const faults = [...this.#ofSubject(message, commit), ...this.#ofId(message, commit)];
    // what stands elsewhere is no part of the stream that it names, and a notification is of none
    return isNotification(commit.stream) || faults.some(({ kind }) => kind === 'subject')
      ? faults
      : [...faults, ...this.#ofStream(message, commit)];
  }

  #ofSubject(message: SubjectMessage, commit: StoredCommit): StoreFault[] {
    const { stream } = commit;
    const right = subjectOfCommit(this.#store, commit);
    if (message.subject === right) return [];
    return [
      faultAt(message, 'subject', `the commit belongs to ${stream.toString()}, whose subject is ${right}`),
    ];
  }

  #ofId(message: SubjectMessage, { commitId, sequence, stream, metadata }: StoredCommit): StoreFault[] {
    // a command that is repeated after the duplicate window stores its notifications again
    if (isNotification(stream) && metadata.commandId !== undefined) return [];
    const earlier = this.#ids.add(commitId, sequence);
    if (earlier === undefined) return [];
    return [
      faultAt(message, 'commit-id', `the commit at ${positionOf(earlier, 0)} has the same id ${commitId}`),
    ];
  }

  #ofStream(message: SubjectMessage, commit: StoredCommit): StoreFault[] {
    const name = commit.stream.toString();
    const end = this.#ends.get(name) ?? NO_COMMITS;
    const fault = (kind: StoreFaultKind, reason: string): StoreFault => ({
      ...faultAt(message, kind, reason),
      stream: name,
    });
    const faults: StoreFault[] = [];
    if (commit.number !== end.number + 1)
      faults.push(fault('number', `commit ${end.number + 1} was expected, ${commit.number} found`));
    if (commit.firstVersion !== end.version + 1)
      faults.push(fault('version', `version ${end.version + 1} was expected, ${commit.firstVersion} found`));
    const follows = faults.length === 0;
    if (follows && end.predecessors !== undefined && !isSame(end.predecessors, commit.predecessors))
      faults.push(fault('predecessors', listed(commit, end.predecessors)));
    this.#ends.set(name, follows ? endAfter(commit, end) : endWithout(commit));
    return faults;
  }
}

function endAfter(commit: StoredCommit, { predecessors }: WalkedEnd): WalkedEnd {
  const { number, sequence } = commit;
  const next = predecessors && nextPredecessors(number, sequence, predecessors);
  return { number, version: lastVersionOf(commit), predecessors: next };
}

/** After a gap the list that the commit has is all there is to go on with. */
function endWithout(commit: StoredCommit): WalkedEnd {
  const { number, sequence, predecessors } = commit;
  const isUsable = isBefore(sequence, predecessors);
  return {
    number,
    version: lastVersionOf(commit),
    predecessors: isUsable ? nextPredecessors(number, sequence, predecessors) : undefined,
  };
}

function listed({ predecessors }: StoredCommit, right: readonly number[]): string {
  return `its predecessors are ${JSON.stringify(predecessors)} and should be ${JSON.stringify(right)}: the stream is read by a scan`;
}

function faultAt({ subject, sequence }: SubjectMessage, kind: StoreFaultKind, reason: string): StoreFault {
  return { position: positionOf(sequence, 0), kind, stream: subject, reason };
}

function isSame(one: readonly number[], other: readonly number[]): boolean {
  return one.length === other.length && one.every((sequence, index) => sequence === other[index]);
}
