import type { EventStore } from '../../event-store/event-store.js';
import type { ProjectionDefinition } from '../definition/projection-definition.js';
import { ProjectionBusyError, ProjectionFailedError } from '../projection-errors.js';
import type { Checkpoint } from '../store/checkpoint.js';
import { CheckpointsChanged, ownCode, replaceAll } from '../run/claim-lane.js';
import { HandlerFault } from '../run/handler-fault.js';
import { firstCheckpoints } from '../run/lane-layout.js';
import { FIRST_BUILD, type ModelId } from '../store/model-id.js';
import type { ProjectionTransaction } from '../store/projection-store.js';
import type { RebuildStart } from '../start/rebuild-start.js';

/** Owners commit meanwhile; each try takes the locks of all lanes. */
const TRIES = 20;

/** What is to be built from where. */
export interface RebuildRequest {
  readonly definition: ProjectionDefinition;
  readonly store: EventStore;
  /** Undefined: the beginning of the log. */
  readonly start: RebuildStart | undefined;
}

/**
 * Empties a model, and moves the checkpoints of all its lanes to the start. Its owners have to claim again.
 *
 * @throws {@link ProjectionFailedError} when `setUp` or `clear` fails, {@link ProjectionBusyError} when its owners
 * commit all the time: nothing is changed then.
 */
export async function emptyModel(request: RebuildRequest, model: ModelId): Promise<void> {
  await begin(request, model, () => false);
}

/**
 * As {@link emptyModel}, for a model beside the one that readers see, which it makes where it is missing. One that
 * is being built already from the same start is left as it is: two processes that ask for a rebuild do not build
 * twice.
 */
export async function joinOrBegin(request: RebuildRequest, model: ModelId): Promise<void> {
  const isUnderWay = (begun: readonly Checkpoint[]): boolean =>
    begun.length > 0 && begun.every(({ start }) => isSameStart(start, request.start));
  await begin(request, model, isUnderWay);
}

async function begin(
  { definition, store, start }: RebuildRequest,
  model: ModelId,
  isUnderWay: (begun: readonly Checkpoint[]) => boolean,
): Promise<void> {
  const { lanes } = definition;
  const { identity: storeIdentity } = store;
  const work = async ({ models, checkpoints, parked, tx }: ProjectionTransaction<unknown>): Promise<void> => {
    // together with its checkpoints: one without them would be taken for a first model
    await models?.create(model);
    const old = await checkpoints.list(model);
    if (isUnderWay(old)) return;
    const epoch = old.length === 0 ? firstEpoch(model) : Math.max(...old.map((each) => each.epoch)) + 1;
    const next = firstCheckpoints(model, { lanes, storeIdentity, start, epoch });
    await replaceAll(checkpoints, { old, next });
    await ownCode('setUp failed', () => definition.setUp(tx));
    await ownCode('clear failed', () => definition.fold.clear(tx));
    await parked.clear(model);
  };
  for (let tries = 1; ; tries += 1) {
    try {
      return await definition.store.transact(model, work);
    } catch (error) {
      if (error instanceof HandlerFault) throw failed(definition, error);
      if (!(error instanceof CheckpointsChanged)) throw error;
      if (tries === TRIES) throw busy(definition, error);
    }
  }
}

/**
 * After those of a rebuild of the same number that was cancelled: an owner that was frozen meanwhile cannot write
 * into the next one.
 */
function firstEpoch({ build }: ModelId): number {
  return build === FIRST_BUILD ? 0 : Math.floor(Date.now() / 1_000);
}

/**
 * Finds the model that a rebuild fills: a next build beside the one that readers see, where the store can;
 * otherwise that model itself.
 */
export async function rebuildTarget({ definition }: RebuildRequest, main: ModelId): Promise<ModelId> {
  const { projection, version } = main;
  return definition.store.transact(undefined, async ({ models }) => {
    const stored = (await models?.find(projection)) ?? [];
    const own = stored.filter((model) => model.version === version);
    const building = own.findLast(({ state, build }) => state === 'building' && build > main.build);
    if (building !== undefined) return { projection, version, build: building.build };
    const isSeen = own.some(({ build, state }) => build === main.build && state === 'serving');
    return isSeen ? { projection, version, build: main.build + 1 } : main;
  });
}

function busy({ name, version }: ProjectionDefinition, cause: Error): ProjectionBusyError {
  return new ProjectionBusyError({ projection: name, version }, { cause });
}

function failed({ name, version }: ProjectionDefinition, fault: HandlerFault): ProjectionFailedError {
  const details = { projection: name, version, reason: fault.message };
  return new ProjectionFailedError(details, { cause: fault.cause });
}

function isSameStart(a: RebuildStart | undefined, b: RebuildStart | undefined): boolean {
  return JSON.stringify(a ?? null) === JSON.stringify(b ?? null);
}
