import { lastVersionOf, type StoredCommit } from '../../event/commit.js';
import type { StreamName } from '../../event/stream-name.js';
import type { Deadline } from '../../kernel/deadline.js';
import type { StreamReader } from '../read/stream-reader.js';
import { isLast, StreamCommands } from './stream-commands.js';
import { EMPTY_STREAM, type StreamEnd } from './stream-end.js';
import type { StreamEnds } from './stream-ends.js';

/** Versions read at once. */
const VERSIONS_AT_ONCE = 1_000;

/** A commit to look for. */
export interface WantedCommit {
  readonly stream: StreamName;
  readonly commitId: string;
  readonly deadline: Deadline;
  /** The caller knows that it is not among the versions up to this one. @default 0 */
  readonly lookedUpTo?: number | undefined;
}

/** What the leader says of a stream, and of a commit in it. */
export interface FoundCommit {
  /** Undefined when the stream does not hold it up to its end. */
  readonly commit: StoredCommit | undefined;
  readonly end: StreamEnd;
}

/**
 * Whether a stream holds the commit of a command. The ids of a stream are read once; from then on only the
 * commits after those known are, and the stream again where an id may be known.
 */
export class CommandLookup {
  readonly #reader: StreamReader;
  readonly #ends: StreamEnds;

  constructor(reader: StreamReader, ends: StreamEnds) {
    this.#reader = reader;
    this.#ends = ends;
  }

  /** Whether it is known without asking that the stream does not hold the commit up to that end. */
  isNew({ stream, commitId }: Omit<WantedCommit, 'deadline'>, end: StreamEnd): boolean {
    if (end.sequence === 0) return true;
    const known = this.#ends.commands(stream);
    if (known === undefined || known.mayHold(commitId)) return false;
    return known.end.sequence === end.sequence && known.end.commitId === end.commitId;
  }

  /** Whether it is known without asking that no version up to that one is of the commit. */
  isNewUpTo({ stream, commitId }: Omit<WantedCommit, 'deadline'>, version: number): boolean {
    const known = this.#ends.commands(stream);
    return known !== undefined && known.end.version >= version && !known.mayHold(commitId);
  }

  /** Looks for it in all of the stream, as the leader knows it. */
  async find(wanted: WantedCommit): Promise<FoundCommit> {
    const { stream, deadline, lookedUpTo = 0 } = wanted;
    const known = await this.#ends.lastAtLeader(stream, deadline);
    const { last, epoch } = known;
    if (last === undefined) return { commit: undefined, end: EMPTY_STREAM };
    const commit =
      lookedUpTo > 0
        ? await this.#among(last, wanted, { after: lookedUpTo })
        : await this.#findIn(last, wanted, epoch);
    // the search may have shown that the last commit lists the sequences of another log
    return { commit, end: await this.#ends.endAfter(known, deadline) };
  }

  async #findIn(last: StoredCommit, wanted: WantedCommit, epoch: number): Promise<StoredCommit | undefined> {
    const known = this.#ends.unconfirmedCommands(wanted.stream);
    if (known !== undefined && known.end.sequence <= last.sequence) {
      const { version } = known.end;
      const found = await this.#catchUp(last, wanted, known);
      if (found !== 'other history') {
        if (found !== undefined) return found;
        // confirmed in this epoch, unless they have moved meanwhile; their size counts
        if (known.end.sequence === last.sequence) this.#ends.setCommands(wanted.stream, known, epoch);
        if (!known.mayHold(wanted.commitId)) return undefined;
        return this.#among(last, wanted, { after: 0, upTo: version });
      }
    }
    return this.#readAll(last, wanted, epoch);
  }

  /**
   * Reads what was stored after the known commits, and the last of those, to see that the stream still holds
   * it.
   */
  async #catchUp(
    last: StoredCommit,
    wanted: WantedCommit,
    known: StreamCommands,
  ): Promise<StoredCommit | 'other history' | undefined> {
    const { end } = known;
    let isSame = false;
    const found = await this.#among(last, wanted, {
      after: end.version - 1,
      each: (commit) => {
        isSame ||= isLast(end, commit);
        known.add(commit);
      },
    });
    if (found !== undefined) return found;
    if (!isSame) return 'other history';
    known.moveTo(last);
    return undefined;
  }

  async #readAll(last: StoredCommit, wanted: WantedCommit, epoch: number): Promise<StoredCommit | undefined> {
    const commands = new StreamCommands();
    const found = await this.#among(last, wanted, { after: 0, each: (commit) => commands.add(commit) });
    // the older part has not been read
    if (found !== undefined) return found;
    commands.moveTo(last);
    this.#ends.setCommands(wanted.stream, commands, epoch);
    return undefined;
  }

  /** Newest first, and no further than to the one that is wanted. */
  async #among(
    last: StoredCommit,
    { commitId, deadline }: WantedCommit,
    {
      after,
      upTo = Infinity,
      each,
    }: {
      readonly after: number;
      readonly upTo?: number;
      readonly each?: ((commit: StoredCommit) => void) | undefined;
    },
  ): Promise<StoredCommit | undefined> {
    for (let to = Math.min(lastVersionOf(last), upTo); to > after; to -= VERSIONS_AT_ONCE) {
      const from = Math.max(after, to - VERSIONS_AT_ONCE) + 1;
      const commits = await this.#reader.range(last, { from, to }, { time: false, deadline });
      const found = commits.find((commit) => commit.commitId === commitId);
      if (found !== undefined) return found;
      for (const commit of commits) each?.(commit);
    }
    return undefined;
  }
}
