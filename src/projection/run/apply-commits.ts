import type { StoredCommit } from '../../event/commit.js';
import { type CommitMark, markOf } from '../../event-store/replay/log-trail.js';
import type { EventRegistry } from '../../event/event-registry.js';
import { parsePosition } from '../../event/position.js';
import { type RecordedEvent, recordedEvents } from '../../event/recorded-event.js';
import type { Checkpoint } from '../checkpoint/checkpoint.js';
import type { CheckpointTable } from '../checkpoint/projection-store.js';
import type { ProjectionDefinition } from '../definition/projection-definition.js';
import { ProjectionFencedError } from '../projection-errors.js';
import { HandlerFault } from './handler-fault.js';
import type { RunWatch } from './run-watch.js';

/** Commits to be added to a model. */
export interface Batch {
  readonly definition: ProjectionDefinition;
  readonly registry: EventRegistry;
  /** How far the model is. */
  readonly checkpoint: Checkpoint;
  /** At least one, all after the checkpoint, in the order of the log. */
  readonly commits: readonly StoredCommit[];
  readonly watch: RunWatch;
}

/**
 * Handles the events of the commits and moves the checkpoint after them, in one transaction.
 *
 * @returns The new checkpoint.
 * @throws {@link ProjectionFencedError} when another owner has taken over; {@link HandlerFault} when a
 * handler failed, or what the handlers wrote could not be committed. Nothing is written then.
 */
export async function applyCommits(batch: Batch): Promise<Checkpoint> {
  const next = checkpointAfter(batch);
  let handled = false;
  try {
    batch.watch.begin(() => 'the database');
    await batch.definition.store.transact(async (tx, table) => {
      // comes first, since it locks: a former owner is refused before it writes, and cannot deadlock
      if (await table.replace(batch.checkpoint, next)) await handleAll(batch, tx);
      else await requireOwnCommit(table, next);
      batch.watch.begin(() => 'the commit of the transaction');
      handled = true;
    });
  } catch (cause) {
    if (!handled) throw cause;
    throw new HandlerFault(`the events up to ${next.position} could not be committed`, 0, cause);
  } finally {
    batch.watch.end();
  }
  return next;
}

/** The checkpoint of a model that holds these commits as well. */
export function checkpointAfter({ checkpoint, commits }: Pick<Batch, 'checkpoint' | 'commits'>): Checkpoint {
  const last = commits.at(-1) as StoredCommit;
  const before = commits.at(-2);
  return { ...checkpoint, ...markOf(last), earlier: before ? markOf(before) : lastOf(checkpoint) };
}

function lastOf({ position, commitId }: Checkpoint): CommitMark | undefined {
  return position === undefined || commitId === undefined ? undefined : { position, commitId };
}

/** A commit whose answer was lost is tried again. The stored checkpoint then shows that it succeeded. */
async function requireOwnCommit(table: CheckpointTable, next: Checkpoint): Promise<void> {
  const found = await table.find(next);
  if (found?.epoch === next.epoch && found.position === next.position) return;
  throw new ProjectionFencedError(next);
}

async function handleAll(batch: Batch, tx: unknown): Promise<void> {
  for (const index of batch.commits.keys()) {
    for (const event of eventsOf(batch, index)) {
      batch.watch.handles(event);
      try {
        await batch.definition.handlers.get(event.type)?.handle(event, tx);
      } catch (cause) {
        const what = `the handler of ${event.type} failed at ${event.position} (${event.stream.toString()})`;
        throw new HandlerFault(what, index, cause);
      }
    }
  }
}

function eventsOf({ definition, registry, checkpoint, commits }: Batch, index: number): RecordedEvent[] {
  const commit = commits[index] as StoredCommit;
  const isHandled = (type: string): boolean => definition.handlers.has(type);
  try {
    return recordedEvents(commit, registry, { from: firstIndex(checkpoint, commit), isWanted: isHandled });
  } catch (cause) {
    // unlike a database that is down, it stays unreadable until its type is registered: waiting does not help
    throw new HandlerFault('an event cannot be handled', index, cause);
  }
}

/** A replay that starts at an event may start inside of a commit. */
function firstIndex({ start }: Checkpoint, commit: StoredCommit): number {
  if (start === undefined || !('position' in start)) return 0;
  const { sequence, index } = parsePosition(start.position);
  return commit.sequence === sequence ? index : 0;
}
