import { lastVersionOf, type StoredCommit } from '../../event/commit.js';
import { asPosition, type Position, positionOf } from '../../event/position.js';
import { asVersion, type Version } from '../../event/version.js';
import { BloomFilter, type BloomFilterJson } from '../../kernel/bloom-filter.js';

/** How many commands a state remembers. Of older ones it knows only that they may have been. */
const MAX_COMMANDS = 1_000;
/**
 * A snapshot has to fit into a message: after some 120,000 commands it does without the filter, which is then
 * read from the stream once.
 */
const MAX_KEPT_BYTES = 320 * 1024;

/** The result of a command that was handled. */
export interface HandledCommand {
  /** Version of the stream after it. */
  readonly version: Version;
  /** Position of its last event. */
  readonly position: Position;
}

/** The result of the command that stored this commit. */
export function toHandledCommand(commit: StoredCommit): HandledCommand {
  const position = positionOf(commit.sequence, commit.events.length - 1);
  return { version: asVersion(lastVersionOf(commit)), position };
}

/** A command as a snapshot keeps it: id, version, position. */
export type KeptCommand = readonly [string, number, string];

/** The commands of a stream as a snapshot keeps them. */
export interface KeptCommands {
  readonly forgottenUpTo: number;
  readonly commands: readonly KeptCommand[];
  /** Those up to `forgottenUpTo`. Missing in older snapshots, and where there are too many. */
  readonly forgotten?: BloomFilterJson | undefined;
}

/**
 * The last commands of a stream: a repeated command is recognised without reading the stream, and nearly
 * every new one as well.
 */
export class CommandIds {
  readonly #commands = new Map<string, HandledCommand>();
  #forgottenUpTo = asVersion(0);
  /** Undefined where a snapshot did without. */
  #forgotten: BloomFilter | undefined = new BloomFilter();

  /** Commands up to this version may be forgotten; 0 while none is. */
  get forgottenUpTo(): Version {
    return this.#forgottenUpTo;
  }

  /** Whether a command that is not found may be one that was forgotten; `false` is certain. */
  mayHaveForgotten(commandId: string): boolean {
    return this.#forgottenUpTo > 0 && (this.#forgotten?.has(commandId) ?? true);
  }

  /** The result of a command that was handled; undefined if it is not among those remembered. */
  find(commandId: string): HandledCommand | undefined {
    return this.#commands.get(commandId);
  }

  /** Takes note of the command of a commit, if it has one. */
  add(commit: StoredCommit): void {
    const { commandId } = commit.metadata;
    if (commandId === undefined) return;
    this.#commands.set(commandId, toHandledCommand(commit));
    this.#forgetOldest();
  }

  /** For a snapshot. */
  toJSON(): KeptCommands {
    const commands = [...this.#commands].map(([id, { version, position }]): KeptCommand => [
      id,
      version,
      position,
    ]);
    const kept = { forgottenUpTo: this.#forgottenUpTo, commands };
    const forgotten = this.#forgotten;
    if (forgotten === undefined || forgotten.size === 0 || forgotten.bytes > MAX_KEPT_BYTES) return kept;
    return { ...kept, forgotten: forgotten.toJSON() };
  }

  /** @throws {@link InvalidOptionError} when one of the positions is none, or the filter is none. */
  static fromJSON({ forgottenUpTo, commands, forgotten }: KeptCommands): CommandIds {
    const ids = new CommandIds();
    ids.#forgottenUpTo = asVersion(forgottenUpTo);
    if (forgotten !== undefined) ids.#forgotten = BloomFilter.fromJSON(forgotten);
    else if (forgottenUpTo > 0) ids.#forgotten = undefined;
    for (const [id, version, position] of commands) {
      ids.#commands.set(id, { version: asVersion(version), position: asPosition(position) });
    }
    return ids;
  }

  #forgetOldest(): void {
    if (this.#commands.size <= MAX_COMMANDS) return;
    const [oldest] = this.#commands;
    if (oldest === undefined) return;
    const [commandId, { version }] = oldest;
    this.#commands.delete(commandId);
    this.#forgotten?.add(commandId);
    // one that was added again, by a state that shares these, is older than those forgotten before
    this.#forgottenUpTo = asVersion(Math.max(this.#forgottenUpTo, version));
  }
}
