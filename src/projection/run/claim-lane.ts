import type { EventStore } from '../../event-store/event-store.js';
import type { Checkpoint } from '../store/checkpoint.js';
import type { ProjectionDefinition } from '../definition/projection-definition.js';
import { ProjectionFailedError } from '../projection-errors.js';
import type { RebuildStart } from '../start/rebuild-start.js';
import type { CheckpointTable } from '../store/checkpoint-table.js';
import { FIRST_BUILD, isSameModel, type ModelId } from '../store/model-id.js';
import type { ModelTable } from '../store/model-table.js';
import type { ProjectionTransaction } from '../store/projection-store.js';
import { Fenced } from './fenced.js';
import { HandlerFault } from './handler-fault.js';
import { divideAgain, firstCheckpoints, isWholeLayout } from './lane-layout.js';

/** Another owner may write between our read and our write. One of the two always succeeds. */
const CLAIM_TRIES = 10;

export interface LaneClaim {
  readonly definition: ProjectionDefinition;
  readonly store: EventStore;
  readonly model: ModelId;
  readonly lane: number;
  /**
   * Whether a model that was built in another number of lanes is divided again. Not for a process that has had
   * its own number already: another one has changed it since.
   */
  readonly mayDivide: boolean;
}

/**
 * Makes the caller the owner of a lane's checkpoint: from now on, no commit of an earlier owner is accepted. A
 * model that has no checkpoint yet is cleared in the same transaction.
 *
 * @throws {@link Fenced} when others were faster each time; {@link HandlerFault} when `setUp`
 * or `clear` fails; {@link ProjectionFailedError} when another process has changed the number of lanes.
 */
export async function claimLane(claim: LaneClaim): Promise<Checkpoint> {
  const { definition, model } = claim;
  const start = await firstStart(claim);
  for (let tries = 1; ; tries++) {
    try {
      return await definition.store.transact(model, (transaction) =>
        tryToClaim({ ...claim, start }, transaction),
      );
    } catch (error) {
      if (!(error instanceof CheckpointsChanged)) throw error;
      if (tries === CLAIM_TRIES) throw new Fenced();
    }
  }
}

/** Rolls back a transaction on checkpoints that somebody else has written meanwhile. */
export class CheckpointsChanged extends Error {
  override readonly name = 'CheckpointsChanged';
}

interface StartedClaim extends LaneClaim {
  readonly start: RebuildStart | undefined;
}

async function tryToClaim(
  claim: StartedClaim,
  transaction: ProjectionTransaction<unknown>,
): Promise<Checkpoint> {
  const { definition, model, lane } = claim;
  const { checkpoints, tx, models } = transaction;
  const stored = await checkpoints.find({ ...model, lane });
  const isNew = stored === undefined && (await checkpoints.list(model)).length === 0;
  // a rebuild that was never begun, or was dropped
  if (isNew && model.build > FIRST_BUILD) throw new Fenced();
  const found = stored?.lanes === definition.lanes ? stored : await layOut(claim, checkpoints);
  const next = { ...found, epoch: found.epoch + 1 };
  // before the model is written, as in batches: transactions that lock in the same order cannot deadlock
  await replaceAll(checkpoints, { old: [found], next: [next] });
  await ownCode('setUp failed', () => definition.setUp(tx));
  if (isNew) await ownCode('clear failed', () => definition.fold.clear(tx));
  if (models !== undefined) await showAgain(models, model);
  return next;
}

/** Creates the checkpoints of all lanes, or divides those that are there. @returns that of the lane. */
async function layOut(claim: StartedClaim, table: CheckpointTable): Promise<Checkpoint> {
  const { definition, model, lane, store, start } = claim;
  const { lanes } = definition;
  const old = await table.list(model);
  const isWhole = isWholeLayout(old, lanes);
  if (!isWhole && old.length > 0 && !claim.mayDivide) throw divided(definition, old[0]?.lanes);
  const next =
    old.length === 0
      ? firstCheckpoints(model, { lanes, storeIdentity: store.identity, start, epoch: 0 })
      : divideAgain(old, lanes);
  if (isWhole) return old[lane] as Checkpoint;
  await replaceAll(table, { old, next });
  return next[lane] as Checkpoint;
}

/** Tables that `setUp` has added to a model that readers see are to be seen as well. */
async function showAgain(models: ModelTable, model: ModelId): Promise<void> {
  const stored = await models.find(model.projection);
  const { state } = stored.find((each) => isSameModel(each, model)) ?? {};
  if (state === 'serving') await models.serve(model);
}

/** @throws {@link CheckpointsChanged} when one of them has been replaced meanwhile. */
export async function replaceAll(
  table: CheckpointTable,
  { old, next }: { readonly old: readonly Checkpoint[]; readonly next: readonly Checkpoint[] },
): Promise<void> {
  const replacementOf = (key: Checkpoint): Checkpoint | undefined =>
    next.find(({ lane }) => lane === key.lane);
  for (const checkpoint of old) {
    const replacement = replacementOf(checkpoint);
    const done = replacement ? table.replace(checkpoint, replacement) : table.remove(checkpoint);
    if (!(await done)) throw new CheckpointsChanged();
  }
  for (const checkpoint of next) {
    if (old.some(({ lane }) => lane === checkpoint.lane)) continue;
    if (!(await table.replace(undefined, checkpoint))) throw new CheckpointsChanged();
  }
}

/** Where a model without checkpoint begins; undefined for the beginning of the log. */
async function firstStart({ definition, store }: LaneClaim): Promise<RebuildStart | undefined> {
  const { from } = definition;
  if (from === 'beginning') return undefined;
  return from === 'now' ? { sequence: (await store.lastSequence()) + 1 } : from;
}

export async function ownCode(message: string, work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (cause) {
    throw new HandlerFault(message, { commitsBefore: 0, cause });
  }
}

function divided({ name, version, lanes }: ProjectionDefinition, others = 0): ProjectionFailedError {
  const reason = `another process has divided it into ${others} lanes, this one has ${lanes}; deploy one number`;
  return new ProjectionFailedError({ projection: name, version, reason });
}
