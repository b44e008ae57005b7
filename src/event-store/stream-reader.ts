import { lastVersionOf, type StoredCommit } from '../event/commit.js';
import { positionOf } from '../event/position.js';
import { predecessorSequences, predecessorSpan } from '../event/predecessors.js';
import type { StreamName } from '../event/stream-name.js';
import { subjectOf } from '../event/subject.js';
import type { MessageReader, StoredMessage } from '../jetstream/message-reader.js';
import type { Deadline } from '../kernel/deadline.js';
import { CorruptStreamError } from '../kernel/errors.js';
import type { Consistency } from './event-store.js';
import { toStoredCommit } from './stored-commit.js';
import { commitNumbersOf, type VersionRange } from './version-range.js';

/** What a read asks for beside the versions. */
export interface RangeOptions {
  /** Whether the server's time is needed: it stands in a header, which costs more to read than a small body. */
  readonly time: boolean;
}

/**
 * Reads the commits of one stream. The last one is found by subject, the others by the sequences that commits list of their predecessors: a few
 * rounds of gets, whatever the store's size. Where the listed sequences lead to foreign commits (an imported or re-created store), the server has to
 * look for the stream's messages by subject.
 */
export class StreamReader {
  /** How often the sequences led astray and the stream had to be scanned by subject. */
  scans = 0;
  readonly #reader: MessageReader;
  readonly #store: string;

  constructor(reader: MessageReader, store: string) {
    this.#reader = reader;
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
        ? await this.#reader.lastAtLeader(subject, deadline)
        : await this.#reader.last(subject, deadline);
    return message && this.#ofStream(message, stream);
  }

  /** The first commit at or behind a sequence, as the leader knows it. */
  async nextAtLeader(
    stream: StreamName,
    sequence: number,
    deadline: Deadline,
  ): Promise<StoredCommit | undefined> {
    const message = await this.#reader.nextAtLeader(subjectOf(this.#store, stream), sequence, deadline);
    return message && this.#ofStream(message, stream);
  }

  /**
   * The commits that hold a range of versions, in order.
   *
   * @param last The stream's last commit, from which the others are found.
   * @throws {@link CorruptStreamError} when one of them is missing or damaged.
   */
  async range(last: StoredCommit, range: VersionRange, options: RangeOptions): Promise<StoredCommit[]> {
    const found = await this.#bySequence(last, range, options);
    const commits = found && inRange(found, range);
    if (commits !== undefined && isWhole(commits, range)) return commits;
    return this.#byScan(last, range);
  }

  /** Rounds of gets until no listed sequence is left that is needed; undefined when one leads to a foreign commit. */
  async #bySequence(
    last: StoredCommit,
    range: VersionRange,
    options: RangeOptions,
  ): Promise<Map<number, StoredCommit> | undefined> {
    const found = new Map([[last.number, last]]);
    const listed = predecessorSequences(last.number, last.predecessors);
    for (;;) {
      const needed = this.#needed(listed, found, range);
      if (needed.length === 0) return found;
      const commits = await Promise.all(
        needed.map(async ([number, sequence]) => this.#commitAt(last.stream, number, sequence, options)),
      );
      for (const commit of commits) {
        if (commit === undefined) return undefined;
        found.set(commit.number, commit);
        for (const [number, sequence] of predecessorSequences(commit.number, commit.predecessors)) {
          listed.set(number, sequence);
        }
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

  /** The commit at a listed sequence; undefined when another one stands there. A replica may lag, so the leader has the last word on "missing". */
  async #commitAt(
    stream: StreamName,
    number: number,
    sequence: number,
    options: RangeOptions,
  ): Promise<StoredCommit | undefined> {
    const message =
      (await this.#reader.bySequence(sequence, options)) ?? (await this.#reader.bySequenceAtLeader(sequence));
    if (message === undefined)
      throw corrupt(stream, sequence, `commit ${number} was removed without a trace`);
    const commit = toStoredCommit(message, stream.toString());
    return commit.number === number && isSame(commit.stream, stream) ? commit : undefined;
  }

  async #byScan(last: StoredCommit, range: VersionRange): Promise<StoredCommit[]> {
    this.scans += 1;
    const found = new Map<number, StoredCommit>();
    for await (const message of this.#reader.scan(subjectOf(this.#store, last.stream), 1)) {
      const commit = this.#ofStream(message, last.stream);
      if (commit.number !== found.size + 1) {
        throw corrupt(
          last.stream,
          commit.sequence,
          `commit ${found.size + 1} was expected, ${commit.number} found`,
        );
      }
      found.set(commit.number, commit);
    }
    const commits = inRange(found, range);
    if (!isWhole(commits, range))
      throw corrupt(last.stream, last.sequence, 'its versions are not without a gap');
    return commits;
  }

  #ofStream(message: StoredMessage, stream: StreamName): StoredCommit {
    const commit = toStoredCommit(message, stream.toString());
    if (isSame(commit.stream, stream)) return commit;
    throw corrupt(stream, message.sequence, `the commit belongs to ${commit.stream.toString()}`);
  }
}

function isSame(a: StreamName, b: StreamName): boolean {
  return a.category === b.category && a.id === b.id;
}

function corrupt(stream: StreamName, sequence: number, reason: string): CorruptStreamError {
  return new CorruptStreamError({ stream: stream.toString(), position: positionOf(sequence, 0), reason });
}

function inRange(found: ReadonlyMap<number, StoredCommit>, range: VersionRange): StoredCommit[] {
  return [...found.values()]
    .filter((commit) => commit.firstVersion <= range.to && lastVersionOf(commit) >= range.from)
    .toSorted((a, b) => a.number - b.number);
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
