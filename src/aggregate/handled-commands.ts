import type { StreamName } from '../event/stream-name.js';
import type { EventStore } from '../event-store/event-store.js';
import type { HandledCommand } from './command-ids.js';
import type { Folded } from './folded.js';

/**
 * Whether a command was handled before: told by the state, which remembers the last ones, or by the part of the stream that it has forgotten.
 */
export async function handledBefore(
  store: EventStore,
  name: StreamName,
  { commandIds }: Pick<Folded<unknown>, 'commandIds'>,
  commandId: string | undefined,
  signal?: AbortSignal,
): Promise<HandledCommand | undefined> {
  if (commandId === undefined) return undefined;
  const handled = commandIds.find(commandId);
  if (handled !== undefined || commandIds.forgottenUpTo === 0) return handled;
  const older = store.read(name, { from: commandIds.forgottenUpTo, direction: 'backward', signal });
  // backward: the first event met is the last one of its commit
  for await (const { metadata, version, position } of older)
    if (metadata.commandId === commandId) return { version, position };
  return undefined;
}
