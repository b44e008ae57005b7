import { lastVersionOf, type StoredCommit } from '../../event/commit.js';
import type { StreamName } from '../../event/stream-name.js';
import { subjectOf } from '../../event/subject.js';
import type { Deadline } from '../../kernel/deadline.js';
import type { StreamReader } from '../read/stream-reader.js';
import { StreamCommands } from './stream-commands.js';
import { EMPTY_STREAM, endOf, type StreamEnd } from './stream-end.js';
import type { StreamEndCache } from './stream-end-cache.js';

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
 * Whether a stream holds the commit of a command. The ids of a stream are read once; from then on only the commits after those known are, and
 * the stream again where an id may be known.
 */
export class CommandLookup {
  readonly #store: string;
  readonly #reader: StreamReader;
  readonly #cache: StreamEndCache;

  constructor(store: string, reader: StreamReader, cache: StreamEndCache) {
    this.#store = store;
    this.#reader = reader;
    this.#cache = cache;
  }

  /** Whether it is known without asking that the stream does not hold the commit up to that end. */
  isNew({ stream, commitId }: Omit<WantedCommit, 'deadline'>, end: StreamEnd): boolean {
    if (end.sequence === 0) return true;
    const known = this.#cache.commands(subjectOf(this.#store, stream));
    if (known === undefined || known.mayHold(commitId)) return false;
    return known.end.sequence === end.sequence && known.end.commitId === end.commitId;
  }

  /** Whether it is known without asking that no version up to that one is of the commit. */
  isNewUpTo({ stream, commitId }: Omit<WantedCommit, 'deadline'>, version: number): boolean {
    const known = this.#cache.commands(subjectOf(this.#store, stream));
    return known !== undefined && known.end.version >= version && !known.mayHold(commitId);
  }

  /** Looks for it in all of the stream, as the leader knows it. */
  async find(wanted: WantedCommit): Promise<FoundCommit> {
    const { stream, deadline, lookedUpTo = 0 } = wanted;
    const subject = subjectOf(this.#store, stream);
    const last = await this.#reader.last(stream, 'leader', deadline);
    if (last === undefined) {
      this.#cache.delete(subject);
      return { commit: undefined, end: EMPTY_STREAM };
    }
    const commit =
      lookedUpTo > 0
        ? await this.#among(last, wanted, { after: lookedUpTo })
        : await this.#findIn(last, wanted, subject);
    this.#cache.offer(subject, endOf(last));
    return { commit, end: endOf(last) };
  }

  async #findIn(
    last: StoredCommit,
    wanted: WantedCommit,
    subject: string,
  ): Promise<StoredCommit | undefined> {
    const known = this.#cache.commands(subject);
    if (known !== undefined && known.end.sequence <= last.sequence) {
      const { version } = known.end;
      const found = await this.#catchUp(last, wanted, known);
      if (found !== 'other history') {
        if (found !== undefined || !known.mayHold(wanted.commitId)) return found;
        return this.#among(last, wanted, { after: 0, upTo: version });
      }
    }
    return this.#readAll(last, wanted, subject);
  }

  /** Reads what was stored after the known commits, and the last of those, to see that the stream still holds it. */
  async #catchUp(
    last: StoredCommit,
    wanted: WantedCommit,
    known: StreamCommands,
  ): Promise<StoredCommit | 'other history' | undefined> {
    const { version, commitId } = known.end;
    let isSame = false;
    const found = await this.#among(last, wanted, {
      after: version - 1,
      each: (commit) => {
        isSame ||= commit.commitId === commitId;
        known.add(commit);
      },
    });
    if (found !== undefined) return found;
    if (!isSame) return 'other history';
    known.moveTo(last);
    return undefined;
  }

  async #readAll(
    last: StoredCommit,
    wanted: WantedCommit,
    subject: string,
  ): Promise<StoredCommit | undefined> {
    const commands = new StreamCommands(endOf(last));
    const found = await this.#among(last, wanted, { after: 0, each: (commit) => commands.add(commit) });
    // the older part has not been read
    if (found === undefined) this.#cache.setCommands(subject, commands);
    return found;
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
