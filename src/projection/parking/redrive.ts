import { parsePosition, type Position } from '../../event/position.js';
import { type RecordedEvent, recordedRange } from '../../event/recorded-event.js';
import type { EventStore } from '../../event-store/event-store.js';
import { describeThrown } from '../../kernel/describe-thrown.js';
import { ProjectionFailedError } from '../projection-errors.js';
import type { ProjectionDefinition } from '../definition/projection-definition.js';
import type { ModelId } from '../store/model-id.js';
import type { ParkedEvent } from '../store/parked-table.js';

/** What became of a parked event. */
export interface RedriveResult {
  readonly position: Position;
  /**
   * - `handled`: its handler has succeeded; it is no longer parked.
   * - `failed`: its handler has failed again; it stays parked, with the new error.
   * - `gone`: the log does not hold the event any more, or the projection has no handler for it; it is no longer
   * parked.
   */
  readonly outcome: 'handled' | 'failed' | 'gone';
  /** Why it failed, with what the handler threw as its `cause`; undefined otherwise. */
  readonly error: Error | undefined;
}

/** A model whose parked events are redriven. */
export interface RedriveScope {
  readonly definition: ProjectionDefinition;
  readonly store: EventStore;
  readonly model: ModelId;
}

/**
 * Calls the handler of a parked event once more, in a transaction of its own that removes the reference. The
 * lanes of the model stand still meanwhile, whoever owns them.
 */
export async function redrive(scope: RedriveScope, parked: ParkedEvent): Promise<RedriveResult> {
  const { position } = parked;
  const event = await parkedEvent(scope, parked);
  if (event === undefined) {
    await unpark(scope, position);
    return { position, outcome: 'gone', error: undefined };
  }
  try {
    return { position, outcome: (await handle(scope, event)) ? 'handled' : 'gone', error: undefined };
  } catch (thrown) {
    const text = thrown instanceof Error ? (thrown.stack ?? thrown.message) : describeThrown(thrown);
    await keep(scope, { ...parked, error: text, attempts: parked.attempts + 1 });
    const { name: projection, version } = scope.definition;
    const reason = `the redrive of ${parked.type} at ${position} failed: ${describeThrown(thrown)}`;
    const error = new ProjectionFailedError({ projection, version, reason }, { cause: thrown });
    return { position, outcome: 'failed', error };
  }
}

/** The event with its current type and schema; undefined where it is not there, or not handled. */
async function parkedEvent(
  { definition, store }: RedriveScope,
  { position, eventId }: ParkedEvent,
): Promise<RecordedEvent | undefined> {
  const { sequence, index } = parsePosition(position);
  const commit = await store.commitAt(sequence);
  if (commit === undefined) return undefined;
  const isWanted = (type: string): boolean => definition.events.has(type);
  const events = recordedRange(commit, store.registry, { from: index, to: index, isWanted });
  return events.find(({ id }) => id === eventId);
}

/** @returns false when somebody else has redriven it meanwhile. */
async function handle({ definition, model }: RedriveScope, event: RecordedEvent): Promise<boolean> {
  return definition.store.transact(model, async ({ tx, checkpoints, parked }) => {
    // locks the lanes: their owners load and write the same rows
    await checkpoints.list(model);
    if (!(await parked.remove(model, event.position))) return false;
    await definition.fold.apply(tx, {
      events: [event],
      context: { isReplay: false },
      isShared: definition.lanes > 1,
      isRedriven: true,
      handles: () => undefined,
      begins: () => undefined,
    });
    return true;
  });
}

/** Unless somebody else has redriven or discarded it meanwhile. */
async function keep({ definition, model }: RedriveScope, event: ParkedEvent): Promise<void> {
  await definition.store.transact(model, async ({ checkpoints, parked }) => {
    await checkpoints.list(model);
    if (await parked.remove(model, event.position)) await parked.add(model, event);
  });
}

/** Forgets a parked event. @returns whether it was there. */
export async function unpark({ definition, model }: RedriveScope, position: Position): Promise<boolean> {
  return definition.store.transact(model, async ({ parked }) => parked.remove(model, position));
}
