import type { StoredCommandData } from '../../event/own-event-types.js';
import type { ReactionOptions } from '../reactor/reactor-definition.js';

/** Of which output a command is, and how often it has been tried. */
export interface CommandContext {
  /** Id of the output: the same at each attempt. Give it to what drops repetitions, such as `commandId`. */
  readonly id: string;
  /** The process that sent it. */
  readonly process: { readonly manager: string; readonly id: string };
  /** From 1. */
  readonly attempt: number;
  /** Aborts when the attempt has taken too long, or its lane is lost or stopped. */
  readonly signal: AbortSignal;
}

/**
 * Executes a command of a process: at least once. Its correlation id is that of the input, its causation id that
 * of the output, for all that it appends. What it rejects with is tried again, then parked.
 */
export type CommandExecutor = (command: StoredCommandData, context: CommandContext) => Promise<unknown>;

/** Turns what `process.send` and `process.schedule` are given into what is stored. */
export interface CommandEncoder {
  /** @throws when it cannot be stored. Then the input fails. */
  encode(command: object): StoredCommandData;
}

/** Where the timers of processes go. `Timers` of jetsource is one. */
export interface ProcessTimers {
  /**
   * Stores a command to be carried out at a time; replaces the timer of that id.
   *
   * @param options `commandId` names the request: repeated, it changes nothing.
   */
  schedule(
    command: StoredCommandData,
    options: { readonly id: string; readonly at: Date; readonly commandId: string },
  ): Promise<unknown>;

  /** Cancels a timer. Does nothing when there is none. */
  cancel(id: string): Promise<unknown>;
}

/** What process managers need of the service that they run in. */
export interface ProcessPorts {
  /** Executes the commands that processes send. */
  readonly execute: CommandExecutor;
  /** How commands are stored. @default plain `{ name, data }` only */
  readonly commands?: CommandEncoder | undefined;
  /** Where timers go. @default none: an input that schedules fails */
  readonly timers?: ProcessTimers | undefined;
  /** How the sending of outputs is tried. Each output is tried on its own. */
  readonly outputs?: Omit<ReactionOptions, 'from'> | undefined;
}
