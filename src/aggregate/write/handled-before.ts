import type { StreamName } from '../../event/stream-name.js';
import type { EventStore } from '../../event-store/event-store.js';
import { type CommandIds, type HandledCommand, toHandledCommand } from '../state/command-ids.js';

/** A command that may have been handled before. */
export interface CommandLookup {
  readonly stream: StreamName;
  /** None: then it was not handled before. */
  readonly commandId: string | undefined;
  /** The last commands of the stream, as a state remembers them. */
  readonly remembered: CommandIds;
  readonly signal: AbortSignal | undefined;
}

/**
 * What a command came to when it was handled before: as the state remembers it, else from the older part of
 * the stream.
 */
export async function handledBefore(
  store: EventStore,
  { stream, commandId, remembered, signal }: CommandLookup,
): Promise<HandledCommand | undefined> {
  if (commandId === undefined) return undefined;
  const { forgottenUpTo } = remembered;
  const handled = remembered.find(commandId);
  if (handled !== undefined || !remembered.mayHaveForgotten(commandId)) return handled;
  const commit = await store.commitOfCommand(stream, commandId, { upTo: forgottenUpTo, signal });
  return commit && toHandledCommand(commit);
}
