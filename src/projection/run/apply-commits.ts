import type { StoredCommit } from '../../event/commit.js';
import { type CommitMark, markOf } from '../../event-store/replay/log-trail.js';
import type { EventRegistry } from '../../event/event-registry.js';
import { comparePositions, parsePosition, type Position } from '../../event/position.js';
import { type RecordedEvent, recordedEvents } from '../../event/recorded-event.js';
import { slotOfCommit } from '../../event/notification.js';
import { type Checkpoint, modelOf } from '../store/checkpoint.js';
import type { ProjectionDefinition } from '../definition/projection-definition.js';
import type { CheckpointTable } from '../store/checkpoint-table.js';
import type { ParkedEvent } from '../store/parked-table.js';
import type { ProjectionTransaction } from '../store/projection-store.js';
import { Fenced } from './fenced.js';
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
  /** See {@link HandlerContext.isReplay}. */
  readonly isReplay: boolean;
  /** Events that the projection goes on without, by their id. */
  readonly givenUp: ReadonlyMap<string, GivenUpEvent>;
  readonly watch: RunWatch;
}

/** An event whose handler keeps failing. */
export interface GivenUpEvent {
  readonly reference: ParkedEvent;
  /** Whether the reference is stored beside the model. */
  readonly isParked: boolean;
}

/** An event, and which of the batch's commits it belongs to. */
interface BatchEvent {
  readonly event: RecordedEvent;
  readonly commitIndex: number;
}

/**
 * Handles the events of the commits and moves the checkpoint after them, in one transaction.
 *
 * @returns The new checkpoint.
 * @throws {@link Fenced} when another owner has taken over; {@link HandlerFault} when a
 * handler failed, or what the handlers wrote could not be committed. Nothing is written then.
 */
export async function applyCommits(batch: Batch): Promise<Checkpoint> {
  const next = checkpointAfter(batch);
  let handled: readonly RecordedEvent[] | undefined;
  try {
    batch.watch.begin(() => 'the database');
    await batch.definition.store.transact(modelOf(batch.checkpoint), async (transaction) => {
      const { checkpoints } = transaction;
      // comes first, since it locks: a former owner is refused before it writes, and cannot deadlock
      let events: readonly RecordedEvent[] = [];
      if (await checkpoints.replace(batch.checkpoint, next)) events = await handleAll(batch, transaction);
      else await requireOwnCommit(checkpoints, next);
      batch.watch.begin(() => 'the commit of the transaction');
      handled = events;
    });
  } catch (cause) {
    if (handled === undefined) throw cause;
    throw new HandlerFault(`the events up to ${next.position} could not be committed`, {
      commitsBefore: 0,
      cause,
      events: handled,
    });
  } finally {
    batch.watch.end();
  }
  return next;
}

/** The checkpoint of a model that holds these commits as well. */
export function checkpointAfter({ checkpoint, commits }: Pick<Batch, 'checkpoint' | 'commits'>): Checkpoint {
  const last = commits.at(-1) as StoredCommit;
  const before = commits.at(-2);
  const { position, commitId } = markOf(last);
  const earlier = before ? markOf(before) : lastOf(checkpoint);
  return { ...checkpoint, position, commitId, earlier, ahead: aheadOf(checkpoint, position) };
}

function lastOf({ position, commitId }: Checkpoint): CommitMark | undefined {
  return position === undefined || commitId === undefined ? undefined : { position, commitId };
}

/** The slots of which the model holds more than up to that position. */
function aheadOf({ ahead }: Checkpoint, position: Position): Checkpoint['ahead'] {
  if (ahead === undefined) return undefined;
  const left = Object.entries(ahead).filter(([, upTo]) => comparePositions(upTo, position) > 0);
  return left.length === 0 ? undefined : Object.fromEntries(left);
}

/** A commit whose answer was lost is tried again. The stored checkpoint then shows that it succeeded. */
async function requireOwnCommit(table: CheckpointTable, next: Checkpoint): Promise<void> {
  const found = await table.find(next);
  if (found?.epoch === next.epoch && found.position === next.position) return;
  throw new Fenced();
}

/** @returns the events that were handled. */
async function handleAll(
  batch: Batch,
  { tx, parked }: ProjectionTransaction<unknown>,
): Promise<RecordedEvent[]> {
  const { definition, givenUp, watch, isReplay } = batch;
  const all = batch.commits.flatMap((_, index) => eventsOf(batch, index));
  const wanted = all.filter(({ event }) => !givenUp.has(event.id));
  const events = wanted.map(({ event }) => event);
  let current: BatchEvent | undefined;
  try {
    await definition.fold.apply(tx, {
      events,
      context: { isReplay },
      isShared: definition.lanes > 1,
      handles: (index) => {
        current = wanted[index] as BatchEvent;
        watch.handles(current.event);
      },
      begins: (what) => {
        current = undefined;
        watch.begin(() => what);
      },
    });
  } catch (cause) {
    throw faultOf(current, { cause, events });
  }
  for (const { event } of all) {
    const { isParked = false, reference } = givenUp.get(event.id) ?? {};
    if (isParked && reference !== undefined) await parked.add(modelOf(batch.checkpoint), reference);
  }
  return events;
}

function faultOf(
  current: BatchEvent | undefined,
  { cause, events }: { readonly cause: unknown; readonly events: readonly RecordedEvent[] },
): HandlerFault {
  if (current === undefined)
    return new HandlerFault('the rows could not be written', { commitsBefore: 0, cause, events });
  const { event, commitIndex } = current;
  const what = `the handler of ${event.type} failed at ${event.position} (${event.stream.toString()})`;
  return new HandlerFault(what, { commitsBefore: commitIndex, cause, event });
}

function eventsOf({ definition, registry, checkpoint, commits }: Batch, commitIndex: number): BatchEvent[] {
  const commit = commits[commitIndex] as StoredCommit;
  if (isAhead(checkpoint, commit)) return [];
  const isWanted = (type: string): boolean => definition.events.has(type);
  try {
    const events = recordedEvents(commit, registry, { from: firstIndex(checkpoint, commit), isWanted });
    return events.map((event) => ({ event, commitIndex }));
  } catch (cause) {
    // unlike a database that is down, it stays unreadable until its type is registered: waiting does not help
    throw new HandlerFault('an event cannot be handled', { commitsBefore: commitIndex, cause });
  }
}

/** Whether the model holds the commit already, since another number of lanes had built it. */
function isAhead({ ahead }: Checkpoint, commit: StoredCommit): boolean {
  const upTo = ahead?.[slotOfCommit(commit)];
  return upTo !== undefined && commit.sequence <= parsePosition(upTo).sequence;
}

/** A replay that starts at an event may start inside of a commit. */
function firstIndex({ start }: Checkpoint, commit: StoredCommit): number {
  if (start === undefined || !('position' in start)) return 0;
  const { sequence, index } = parsePosition(start.position);
  return commit.sequence === sequence ? index : 0;
}
