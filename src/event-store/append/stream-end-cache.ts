import { LRUCache } from 'lru-cache';
import type { StoredCommit } from '../../event/commit.js';
import { isOfCommand, StreamCommands } from './stream-commands.js';
import type { StreamEnd } from './stream-end.js';

/** Number of streams whose end is cached; about 300 bytes each. */
const MAX_ENDS = 10_000;
/** What the ids of commands may take in memory, in bytes: those of some four million commands. */
const MAX_COMMANDS_BYTES = 32 * 1024 * 1024;
/** Size of an entry without ids, in bytes. */
const ENTRY_BYTES = 300;

/** An end as it was in an epoch of the log; see {@link MessageLog.epoch}. */
export interface RememberedEnd {
  readonly end: StreamEnd;
  readonly epoch: number;
}

/** The commands of a stream as they were in an epoch of the log. */
export interface RememberedCommands {
  readonly commands: StreamCommands;
  readonly epoch: number;
}

/**
 * The ends of the streams that were appended to or read lately, by subject: they save the round trip before
 * an append. An end that others have moved since does no harm: the guard that is made from it conflicts, and
 * the end is read again. An end of an earlier epoch may be one that the log has lost: its sequence may have
 * been given to another commit, and the guard would hold. It only tells what the caller has seen. The ids of
 * its commands are those of the stream again as soon as the leader shows that it still holds the last of
 * them.
 */
export class StreamEndCache {
  readonly #ends = new LRUCache<string, RememberedEnd>({ max: MAX_ENDS });
  readonly #commands = new LRUCache<string, RememberedCommands>({
    max: MAX_ENDS,
    maxSize: MAX_COMMANDS_BYTES,
    sizeCalculation: ({ commands }) => commands.bytes + ENTRY_BYTES,
  });

  get(subject: string): RememberedEnd | undefined {
    return this.#ends.get(subject);
  }

  /** Takes an end from the leader, unless one of a later epoch is known. */
  set(subject: string, remembered: RememberedEnd): void {
    const known = this.#ends.peek(subject);
    if (known === undefined || known.epoch <= remembered.epoch) this.#ends.set(subject, remembered);
  }

  /** Takes an end from a reader that may lag, unless a newer one is known. */
  offer(subject: string, { end, epoch }: RememberedEnd): void {
    const known = this.#ends.get(subject);
    const isNewer =
      known === undefined ||
      known.epoch < epoch ||
      (known.epoch === epoch && known.end.sequence < end.sequence);
    if (isNewer) this.#ends.set(subject, { end, epoch });
  }

  /** The commands of a stream up to one of its commits. Those of an earlier epoch have to be confirmed. */
  commands(subject: string): RememberedCommands | undefined {
    return this.#commands.get(subject);
  }

  /** Again after they have grown, since their size counts. */
  setCommands(subject: string, { commands, epoch }: RememberedCommands): void {
    const known = this.#commands.peek(subject);
    if (known === undefined || known.epoch <= epoch) this.#commands.set(subject, { commands, epoch });
  }

  /** Takes note of a commit that was stored: its id is known then, and those before it stay known. */
  addCommand(subject: string, commit: StoredCommit, epoch: number): void {
    const isFirst = commit.number === 1 && isOfCommand(commit.commitId);
    const known = this.commands(subject);
    const current = known?.epoch === epoch ? known.commands : undefined;
    const commands = current ?? (isFirst ? new StreamCommands() : undefined);
    // predecessors are listed newest first
    if (commands === undefined || commands.end.sequence !== (commit.predecessors[0] ?? 0)) return;
    commands.add(commit);
    commands.moveTo(commit);
    this.setCommands(subject, { commands, epoch });
  }

  delete(subject: string): void {
    this.#ends.delete(subject);
    this.#commands.delete(subject);
  }
}
