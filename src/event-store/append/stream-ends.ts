import type { StoredCommit } from '../../event/commit.js';
import type { StreamName } from '../../event/stream-name.js';
import { subjectOf } from '../../event/subject.js';
import type { Deadline } from '../../kernel/deadline.js';
import type { MessageLog } from '../../log/message-log.js';
import type { StreamReader } from '../read/stream-reader.js';
import { meets } from './expectation.js';
import { EMPTY_STREAM, endOf, endWith, type StreamEnd } from './stream-end.js';
import { StreamEndCache } from './stream-end-cache.js';
import type { StreamCommands } from './stream-commands.js';
import type { StreamCheck } from './write-request.js';

/** The last commit of a stream, as the leader knows it. */
export interface LastAtLeader {
  /** Undefined for a stream that does not exist. */
  readonly last: StoredCommit | undefined;
  /** The epoch of the log before it was read. */
  readonly epoch: number;
}

/** Finds the end of a stream: in the cache if it fits the expectation, otherwise at the leader. */
export class StreamEnds {
  readonly #store: string;
  readonly #log: Pick<MessageLog, 'epoch'>;
  readonly #reader: StreamReader;
  readonly #cache = new StreamEndCache();

  constructor(store: string, log: Pick<MessageLog, 'epoch'>, reader: StreamReader) {
    this.#store = store;
    this.#log = log;
    this.#reader = reader;
  }

  /**
   * The known end where it is as expected, and of this epoch of the log. One that others have moved since
   * does no harm: the guard made from it conflicts.
   */
  known(expected: StreamCheck): StreamEnd | undefined {
    if (expected.expect === 0) return meets(expected, EMPTY_STREAM) ? EMPTY_STREAM : undefined;
    const known = this.#cache.get(this.#subjectOf(expected.stream));
    if (known === undefined || known.epoch !== this.#log.epoch) return undefined;
    return meets(expected, known.end) ? known.end : undefined;
  }

  /**
   * The same, requiring the commit that this process knows under the expected version: who expects a version
   * has seen that commit, and the log may have lost it since.
   */
  requiringSeen<T extends StreamCheck>(expected: T): T {
    const { expect, lastCommitId, stream } = expected;
    if (typeof expect !== 'number' || expect === 0 || lastCommitId !== undefined) return expected;
    const known = this.#cache.get(this.#subjectOf(stream))?.end;
    return known?.version === expect ? { ...expected, lastCommitId: known.commitId } : expected;
  }

  async atLeader(stream: StreamName, deadline: Deadline): Promise<StreamEnd> {
    return this.endAfter(await this.lastAtLeader(stream, deadline), deadline);
  }

  async lastAtLeader(stream: StreamName, deadline: Deadline): Promise<LastAtLeader> {
    const { epoch } = this.#log;
    const last = await this.#reader.last(stream, 'leader', deadline);
    if (last === undefined) this.#cache.delete(this.#subjectOf(stream));
    return { last, epoch };
  }

  /**
   * The end that this commit makes. A commit that was imported lists the sequences of another log: the stream
   * itself tells the right ones.
   */
  async endAfter({ last, epoch }: LastAtLeader, deadline: Deadline): Promise<StreamEnd> {
    if (last === undefined) return EMPTY_STREAM;
    const known = this.#reader.isMisledBy(last) ? undefined : endOf(last);
    const end = known ?? endWith(last, await this.#reader.nextPredecessors(last, deadline));
    this.#cache.set(this.#subjectOf(last.stream), { end, epoch });
    return end;
  }

  /** The commands of a stream, if they are known in this epoch of the log. */
  commands(stream: StreamName): StreamCommands | undefined {
    const known = this.#cache.commands(this.#subjectOf(stream));
    return known?.epoch === this.#log.epoch ? known.commands : undefined;
  }

  /** The same, of any epoch: the log may have lost the last of them. */
  unconfirmedCommands(stream: StreamName): StreamCommands | undefined {
    return this.#cache.commands(this.#subjectOf(stream))?.commands;
  }

  setCommands(stream: StreamName, commands: StreamCommands, epoch: number): void {
    this.#cache.setCommands(this.#subjectOf(stream), { commands, epoch });
  }

  /**
   * Takes note of a commit that this store has written. @param epoch That of the log before it was planned.
   */
  stored(commit: StoredCommit, epoch: number): void {
    this.offer(commit, epoch);
    this.#cache.addCommand(this.#subjectOf(commit.stream), commit, epoch);
  }

  /**
   * Takes note of a commit that was stored, or read. @param epoch That of the log before it was planned or
   * read.
   */
  offer(commit: StoredCommit, epoch: number): void {
    const end = this.#reader.isMisledBy(commit) ? undefined : endOf(commit);
    // a commit that lists the sequences of another log is looked at again when something is appended
    if (end !== undefined) this.#cache.offer(this.#subjectOf(commit.stream), { end, epoch });
  }

  #subjectOf(stream: StreamName): string {
    return subjectOf(this.#store, stream);
  }
}
