import { LRUCache } from 'lru-cache';
import { lastVersionOf, type StoredCommit } from '../../event/commit.js';
import { decodeCommit } from '../../event/commit-format.js';
import { positionOf } from '../../event/position.js';
import {
  isBefore,
  predecessorsFrom,
  predecessorSequences,
  predecessorSpan,
} from '../../event/predecessors.js';
import type { StreamName } from '../../event/stream-name.js';
import { subjectOf } from '../../event/subject.js';
import { deadlineOf } from '../../log/read-deadline.js';
import type { Deadline } from '../../kernel/deadline.js';
import { CorruptStreamError } from '../../event/event-errors.js';
import type { MessageLog, ReadPatience, StoredMessage } from '../../log/message-log.js';
import type { Consistency } from './read-options.js';
import { toStoredCommit } from './stored-commit.js';
import { commitNumbersOf, type VersionRange } from './version-range.js';

/** Streams that are known to have been imported, with the commit whose list led astray. */
const MAX_MISLED = 10_000;

/** What a read asks for beside the versions. */
export interface RangeOptions extends ReadPatience {
  /** Whether the server's time is needed: it is in a header, which costs more to parse than a small body. */
  readonly time: boolean;
}

/** What the listed sequences led to. */
interface FoundCommits {
  /** By number. */
  readonly commits: ReadonlyMap<number, StoredCommit>;
  /**
   * Where they led to a foreign commit, or nowhere (`removed`), and whether the last commit's own list did.
   */
  readonly astray?: { readonly byLast: boolean; readonly removed?: CorruptStreamError };
}

/**
 * Reads the commits of one stream. The last one is found by subject, the others by the sequences that commits
 * list as their predecessors: a few rounds of gets, whatever the store's size. If the listed sequences lead
 * to foreign commits (an imported or re-created store), the server has to search for the stream's messages by
 * subject.
 */
export class StreamReader {
  /** How often the sequences led to foreign commits and the stream had to be scanned by subject. */
  scans = 0;
  readonly #log: MessageLog;
  readonly #store: string;
  /** Sequence of the commit whose own list led astray, by stream. */
  readonly #misled = new LRUCache<string, number>({ max: MAX_MISLED });

  constructor(log: MessageLog, store: string) {
    this.#log = log;
    this.#store = store;
  }

  /** The last commit, undefined for a stream that does not exist. */
  async last(
    stream: StreamName,
    consistency: Consistency,
    deadline?: Deadline,
  ): Promise<StoredCommit | undefined> {
    const subject = subjectOf(this.#store, stream);
    const message =
      consistency === 'leader'
        ? await this.#log.lastAtLeader(subject, deadline)
        : await this.#log.last(subject, deadline);
    return message && this.#ofStream(message, stream);
  }

  /** The first commit at or after a sequence, read from the leader. */
  async nextAtLeader(
    stream: StreamName,
    sequence: number,
    deadline: Deadline,
  ): Promise<StoredCommit | undefined> {
    const message = await this.#log.nextAtLeader(subjectOf(this.#store, stream), sequence, deadline);
    return message && this.#ofStream(message, stream);
  }

  /** Whether that commit's list is known to be one of another log. Later commits may have the right one. */
  isMisledBy({ stream, sequence }: StoredCommit): boolean {
    return this.#misled.size > 0 && this.#misled.get(stream.toString()) === sequence;
  }

  /**
   * What the commit after the last one has to list, found by a scan: for a stream whose last commit lists
   * sequences of another log.
   *
   * @throws {@link CorruptStreamError} when the stream has gaps, or what is no commit.
   */
  async nextPredecessors(last: StoredCommit, deadline: Deadline): Promise<readonly number[]> {
    this.scans += 1;
    const sequences = new Map<number, number>();
    for await (const message of this.#messagesOf(last, { deadline })) {
      const { number, sequence } = this.#ofStream(message, last.stream);
      // what was stored after it is not before the commit that is made
      if (sequence <= last.sequence) sequences.set(number, sequence);
    }
    const listed = predecessorsFrom(last.number + 1, sequences);
    if (listed !== undefined && sequences.get(last.number) === last.sequence) return listed;
    throw corrupt(last.stream, last.sequence, 'its commits are not numbered without a gap');
  }

  /**
   * The commits that hold a range of versions, in order.
   *
   * @param last The stream's last commit, from which the others are found.
   * @throws {@link CorruptStreamError} when one of them is missing or damaged.
   */
  async range(last: StoredCommit, range: VersionRange, options: RangeOptions): Promise<StoredCommit[]> {
    const found = await this.#bySequence(last, range, options);
    if (found.astray === undefined) {
      const commits = inRange(found.commits, range);
      return isWhole(commits, range) ? commits : this.#byScan(last, range, options);
    }
    const { byLast, removed } = found.astray;
    const commits = await this.#byScan(last, range, options).catch((error: unknown) => {
      // removed it is only if the scan misses it, too: the sequence may be one of another store
      throw error instanceof CorruptStreamError ? (removed ?? error) : error;
    });
    // the next commit must not take a wrong list over; what older commits list, it does not
    if (byLast) this.#misled.set(last.stream.toString(), last.sequence);
    return commits;
  }

  /**
   * Rounds of gets until no listed sequence is left that is needed, or one leads to a foreign commit, or
   * nowhere.
   */
  async #bySequence(last: StoredCommit, range: VersionRange, options: RangeOptions): Promise<FoundCommits> {
    const found = new Map([[last.number, last]]);
    const own = predecessorSequences(last.number, last.predecessors);
    const listed = new Map(own);
    for (;;) {
      const needed = this.#needed(listed, found, range);
      if (needed.length === 0) return { commits: found };
      if (!isBefore(last.sequence, last.predecessors)) return { commits: found, astray: { byLast: true } };
      const messages = await this.#log.bySequences(
        needed.map(([, sequence]) => sequence),
        options,
      );
      for (const [index, [number, sequence]] of needed.entries()) {
        // a replica may lag: only the leader can say that a listed commit is gone
        const message =
          messages[index] ?? (await this.#log.bySequenceAtLeader(sequence, deadlineOf(options)));
        const byLast = own.get(number) === sequence;
        if (message === undefined) {
          const removed = corrupt(last.stream, sequence, `commit ${number} was removed without a trace`);
          return { commits: found, astray: { byLast, removed } };
        }
        const commit = decodeCommit(message);
        // no commit at all is foreign as well: what stands on the stream's own subject, the scan will find
        if (typeof commit === 'string' || !isAt(commit, last.stream, number))
          return { commits: found, astray: { byLast } };
        found.set(number, commit);
        // what the others list is listed by the commits that led to them
        if (predecessorSpan(number) > 1) addAll(listed, predecessorSequences(number, commit.predecessors));
      }
    }
  }

  #needed(
    listed: ReadonlyMap<number, number>,
    found: ReadonlyMap<number, StoredCommit>,
    range: VersionRange,
  ): [number, number][] {
    const numbers = commitNumbersOf(range, found.values());
    return [...listed].filter(
      ([number]) =>
        number >= numbers.from && number - predecessorSpan(number) < numbers.to && !found.has(number),
    );
  }

  async #byScan(last: StoredCommit, range: VersionRange, options: RangeOptions): Promise<StoredCommit[]> {
    this.scans += 1;
    const found: StoredCommit[] = [];
    let number = 0;
    for await (const message of this.#messagesOf(last, options)) {
      const commit = this.#ofStream(message, last.stream);
      number += 1;
      if (commit.number !== number) {
        throw corrupt(last.stream, commit.sequence, `commit ${number} was expected, ${commit.number} found`);
      }
      // the whole stream is scanned, but of a long one only the requested commits are kept
      if (isIn(range, commit)) found.push(commit);
    }
    if (isWhole(found, range)) return found;
    throw corrupt(last.stream, last.sequence, 'its versions are not without a gap');
  }

  /**
   * All messages of a stream up to its last commit: from any replica, then from the leader those that a
   * lagging replica does not have yet.
   */
  async *#messagesOf(last: StoredCommit, options: ReadPatience): AsyncGenerator<StoredMessage, void, void> {
    const subject = subjectOf(this.#store, last.stream);
    let sequence = 0;
    for await (const message of this.#log.scan(subject, 1, options)) {
      sequence = message.sequence;
      yield message;
    }
    while (sequence < last.sequence) {
      const message = await this.#log.nextAtLeader(subject, sequence + 1, deadlineOf(options));
      if (message === undefined) return;
      sequence = message.sequence;
      yield message;
    }
  }

  #ofStream(message: StoredMessage, stream: StreamName): StoredCommit {
    const commit = toStoredCommit(message, stream.toString());
    if (isSame(commit.stream, stream)) return commit;
    throw corrupt(stream, message.sequence, `the commit belongs to ${commit.stream.toString()}`);
  }
}

function isAt(commit: StoredCommit, stream: StreamName, number: number): boolean {
  return commit.number === number && isSame(commit.stream, stream);
}

function addAll(listed: Map<number, number>, more: ReadonlyMap<number, number>): void {
  for (const [number, sequence] of more) listed.set(number, sequence);
}

function isSame(a: StreamName, b: StreamName): boolean {
  return a.category === b.category && a.id === b.id;
}

function corrupt(stream: StreamName, sequence: number, reason: string): CorruptStreamError {
  return new CorruptStreamError({ stream: stream.toString(), position: positionOf(sequence, 0), reason });
}

function isIn(range: VersionRange, commit: StoredCommit): boolean {
  return commit.firstVersion <= range.to && lastVersionOf(commit) >= range.from;
}

function inRange(found: ReadonlyMap<number, StoredCommit>, range: VersionRange): StoredCommit[] {
  return [...found.values()].filter((commit) => isIn(range, commit)).toSorted((a, b) => a.number - b.number);
}

/** Whether the commits follow each other without a gap and reach from one end of the range to the other. */
function isWhole(commits: readonly StoredCommit[], range: VersionRange): boolean {
  const [first] = commits;
  const last = commits.at(-1);
  if (first === undefined || last === undefined) return false;
  return (
    first.firstVersion <= range.from &&
    lastVersionOf(last) >= range.to &&
    commits.every((commit, index) => index === 0 || follows(commits[index - 1] as StoredCommit, commit))
  );
}

function follows(previous: StoredCommit, commit: StoredCommit): boolean {
  return commit.number === previous.number + 1 && commit.firstVersion === lastVersionOf(previous) + 1;
}
