import type { StreamName } from '../../event/stream-name.js';
import type { EventStore } from '../../event-store/event-store.js';
import { type HandledCommand, toHandledCommand } from '../state/command-ids.js';
import type { FoldedState } from '../state/folded-state.js';

/**
 * Whether a command was handled before: told by the state, which remembers the last ones, or by the part of the stream that it has forgotten.
 */
export async function handledBefore(
  store: EventStore,
  name: StreamName,
  { commandIds }: Pick<FoldedState<unknown>, 'commandIds'>,
  commandId: string | undefined,
  signal?: AbortSignal,
): Promise<HandledCommand | undefined> {
  if (commandId === undefined) return undefined;
  const { forgottenUpTo } = commandIds;
  const handled = commandIds.find(commandId);
  if (handled !== undefined || forgottenUpTo === 0) return handled;
  const commit = await store.commitOfCommand(name, commandId, { upTo: forgottenUpTo, signal });
  return commit && toHandledCommand(commit);
}
