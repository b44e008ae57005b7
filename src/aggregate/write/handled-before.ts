import { parsePosition } from '../../event/position.js';
import type { StreamName } from '../../event/stream-name.js';
import type { EventStore } from '../../event-store/event-store.js';
import { hasJetsourceBrand } from '../../kernel/jetsource-error.js';
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

/**
 * Whether the leader still has the commit of a command that a state remembers: a state that was cached,
 * snapshotted or read from a replica may have been folded from commits that the log has lost.
 */
export async function isStillStored(
  store: EventStore,
  { stream, commandId, remembered, signal }: CommandLookup,
): Promise<boolean> {
  const handled = commandId === undefined ? undefined : remembered.find(commandId);
  if (handled === undefined) return true;
  const { sequence } = parsePosition(handled.position);
  try {
    const commit = await store.commitAt(sequence, { signal });
    return commit?.stream.toString() === stream.toString() && commit.metadata.commandId === commandId;
  } catch (error) {
    // a commit was read there once: what is none is another message
    if (hasJetsourceBrand(error) && error.code === 'corrupt-stream') return false;
    throw error;
  }
}
