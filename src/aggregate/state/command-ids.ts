import { lastVersionOf, type StoredCommit } from '../../event/commit.js';
import { asPosition, type Position, positionOf } from '../../event/position.js';
import { asVersion, type Version } from '../../event/version.js';

/** How many commands a state remembers. Older ones are looked for in the stream. */
const MAX_COMMANDS = 1_000;

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

/** The last commands of a stream: a repeated command is recognised without reading the stream. */
export class CommandIds {
  readonly #commands = new Map<string, HandledCommand>();
  #forgottenUpTo = asVersion(0);

  /** Commands up to this version may be forgotten; 0 while none is. */
  get forgottenUpTo(): Version {
    return this.#forgottenUpTo;
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
  toJSON(): { readonly forgottenUpTo: number; readonly commands: readonly KeptCommand[] } {
    const commands = [...this.#commands].map(([id, { version, position }]): KeptCommand => [
      id,
      version,
      position,
    ]);
    return { forgottenUpTo: this.#forgottenUpTo, commands };
  }

  /** @throws {@link InvalidOptionError} when one of the positions is none. */
  static fromJSON({ forgottenUpTo, commands }: ReturnType<CommandIds['toJSON']>): CommandIds {
    const ids = new CommandIds();
    ids.#forgottenUpTo = asVersion(forgottenUpTo);
    for (const [id, version, position] of commands) {
      ids.#commands.set(id, { version: asVersion(version), position: asPosition(position) });
    }
    return ids;
  }

  #forgetOldest(): void {
    if (this.#commands.size <= MAX_COMMANDS) return;
    const [oldest] = this.#commands;
    if (oldest === undefined) return;
    this.#commands.delete(oldest[0]);
    this.#forgottenUpTo = oldest[1].version;
  }
}
