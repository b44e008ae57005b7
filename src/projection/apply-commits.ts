import type { StoredCommit } from '../event/commit.js';
import type { EventRegistry } from '../event/event-registry.js';
import { parsePosition, positionOf } from '../event/position.js';
import { type RecordedEvent, recordedEvents } from '../event/recorded-event.js';
import { ProjectionFencedError } from './projection-errors.js';
import type { Checkpoint } from './checkpoint.js';
import type { ProjectionDefinition } from './define-projection.js';
import { HandlerFault } from './handler-fault.js';
import type { CheckpointTable } from './projection-store.js';

/**
 * Brings the model from the checkpoint to behind the commits, in one transaction.
 *
 * @returns The new checkpoint.
 * @throws {@link ProjectionFencedError} when another owner has taken over; {@link HandlerFault} when a handler failed, or what the handlers
 * wrote could not be committed. Nothing is written then.
 */
export async function applyCommits(
  definition: ProjectionDefinition,
  registry: EventRegistry,
  checkpoint: Checkpoint,
  commits: readonly StoredCommit[],
): Promise<Checkpoint> {
  const next = checkpointBehind(checkpoint, commits.at(-1) as StoredCommit);
  let handled = false;
  try {
    await definition.store.transact(async (tx, table) => {
      // first of all, since it locks: a former owner is refused before it writes, and waits instead of deadlocking
      if (await table.replace(checkpoint, next))
        await handleAll(definition, registry, checkpoint, commits, tx);
      else await requireOwnCommit(table, next);
      handled = true;
    });
  } catch (cause) {
    if (!handled) throw cause;
    throw new HandlerFault(`the events up to ${next.position} could not be committed`, 0, cause);
  }
  return next;
}

function checkpointBehind(checkpoint: Checkpoint, last: StoredCommit): Checkpoint {
  const position = positionOf(last.sequence, last.events.length - 1);
  return { ...checkpoint, position, commitId: last.commitId };
}

/** A commit whose answer was lost is tried again; its checkpoint tells that it is in the model already. */
async function requireOwnCommit(table: CheckpointTable, next: Checkpoint): Promise<void> {
  const found = await table.find(next);
  if (found?.epoch === next.epoch && found.position === next.position) return;
  throw new ProjectionFencedError({ projection: next.projection });
}

async function handleAll(
  definition: ProjectionDefinition,
  registry: EventRegistry,
  checkpoint: Checkpoint,
  commits: readonly StoredCommit[],
  tx: unknown,
): Promise<void> {
  const isHandled = (type: string): boolean => definition.handlers.has(type);
  for (const [index, commit] of commits.entries()) {
    for (const event of readEvents(commit, index)) {
      try {
        await definition.handlers.get(event.type)?.handle(event, tx);
      } catch (cause) {
        const what = `the handler of ${event.type} failed at ${event.position} (${event.stream.toString()})`;
        throw new HandlerFault(what, index, cause);
      }
    }
  }

  function readEvents(commit: StoredCommit, index: number): RecordedEvent[] {
    try {
      return recordedEvents(commit, registry, { from: firstIndex(checkpoint, commit), isWanted: isHandled });
    } catch (cause) {
      // it stays unreadable until its type is registered: nothing to wait for, unlike a database that is away
      throw new HandlerFault('an event cannot be handled', index, cause);
    }
  }
}
/** A replay that was told to begin at an event may begin inside a commit. */
function firstIndex(checkpoint: Checkpoint, commit: StoredCommit): number {
  const { start } = checkpoint;
  if (start === undefined || !('position' in start)) return 0;
  const { sequence, index } = parsePosition(start.position);
  return commit.sequence === sequence ? index : 0;
}
