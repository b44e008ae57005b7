import { LRUCache } from 'lru-cache';
import type { StoredCommit } from '../../event/commit.js';
import { isOfCommand, StreamCommands } from './stream-commands.js';
import { EMPTY_STREAM, endOf, type StreamEnd } from './stream-end.js';

/** Streams whose end is remembered; about 300 bytes each. */
const MAX_ENDS = 10_000;
/** What the ids of commands may take in memory, in bytes: those of some ten million commands. */
const MAX_COMMANDS_BYTES = 32 * 1024 * 1024;
/** Of an entry that holds next to nothing. */
const ENTRY_BYTES = 300;

/**
 * The ends of the streams that were appended to or read lately, by subject: they save the round trip before an append. A wrong entry does no
 * harm: the guard that is made from it conflicts, and the end is read again.
 */
export class StreamEndCache {
  readonly #ends = new LRUCache<string, StreamEnd>({ max: MAX_ENDS });
  readonly #commands = new LRUCache<string, StreamCommands>({
    max: MAX_ENDS,
    maxSize: MAX_COMMANDS_BYTES,
    sizeCalculation: ({ bytes }) => bytes + ENTRY_BYTES,
  });

  get(subject: string): StreamEnd | undefined {
    return this.#ends.get(subject);
  }

  set(subject: string, end: StreamEnd): void {
    this.#ends.set(subject, end);
  }

  /** Takes an end from a reader that may lag, unless a newer one is known. */
  offer(subject: string, end: StreamEnd): void {
    if ((this.#ends.get(subject)?.sequence ?? 0) < end.sequence) this.#ends.set(subject, end);
  }

  /** The commands of a stream up to one of its commits, where they are known. */
  commands(subject: string): StreamCommands | undefined {
    return this.#commands.get(subject);
  }

  setCommands(subject: string, commands: StreamCommands): void {
    this.#commands.set(subject, commands);
  }

  /** Takes note of a commit that was stored: its id is known then, and those before it stay known. */
  stored(subject: string, commit: StoredCommit): void {
    this.offer(subject, endOf(commit));
    const isFirst = commit.number === 1 && isOfCommand(commit.commitId);
    const commands = this.#commands.get(subject) ?? (isFirst ? new StreamCommands(EMPTY_STREAM) : undefined);
    // predecessors are listed newest first
    if (commands === undefined || commands.end.sequence !== (commit.predecessors[0] ?? 0)) return;
    commands.add(commit);
    commands.moveTo(commit);
    // again, since it may have grown
    this.#commands.set(subject, commands);
  }

  delete(subject: string): void {
    this.#ends.delete(subject);
    this.#commands.delete(subject);
  }

  /**
   * Forgets all of them, after a reconnect: a server that lost the end of its log may have given the same sequence to another commit since. A
   * guard made from an end of before would hold.
   */
  clear(): void {
    this.#ends.clear();
    this.#commands.clear();
  }
}
