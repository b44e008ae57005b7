import type { EventStore } from '../../event-store/event-store.js';
import type { ProjectionDefinition } from '../definition/projection-definition.js';
import { ProjectionFailedError } from '../projection-errors.js';
import { CheckpointsChanged, ownCode, replaceAll } from '../run/claim-lane.js';
import { HandlerFault } from '../run/handler-fault.js';
import { firstCheckpoints } from '../run/lane-layout.js';
import type { ModelId } from '../store/model-id.js';
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

/** Empties a model, and moves the checkpoints of all its lanes to the start. Its owners have to claim again. */
export async function emptyModel(
  { definition, store, start }: RebuildRequest,
  model: ModelId,
): Promise<void> {
  const { lanes } = definition;
  const { identity: storeIdentity } = store;
  const work = async ({ models, checkpoints, parked, tx }: ProjectionTransaction<unknown>): Promise<void> => {
    // together with its checkpoints: one without them would be taken for a first model
    await models?.create(model);
    const old = await checkpoints.list(model);
    const epoch = Math.max(0, ...old.map((checkpoint) => checkpoint.epoch)) + (old.length === 0 ? 0 : 1);
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
      if (!(error instanceof CheckpointsChanged) || tries === TRIES) throw error;
    }
  }
}

/** The model that a rebuild fills. */
export interface RebuildTarget {
  readonly model: ModelId;
  /** Whether another rebuild from the same start is under way there. */
  readonly isJoined: boolean;
}

/**
 * Finds the model that a rebuild fills: a next build beside the one that readers see, where the store can;
 * otherwise that model itself. One that is being made already from the same start is joined.
 */
export async function rebuildTarget(
  { definition, start }: RebuildRequest,
  main: ModelId,
): Promise<RebuildTarget> {
  const { projection, version } = main;
  return definition.store.transact(undefined, async ({ models, checkpoints }) => {
    if (models === undefined) return { model: main, isJoined: false };
    const stored = await models.list(projection);
    const own = stored.filter((model) => model.version === version);
    const building = own.findLast(({ state, build }) => state === 'building' && build > main.build);
    if (building !== undefined) {
      const model = { projection, version, build: building.build };
      const begun = await checkpoints.list(model);
      const isJoined = begun.length > 0 && begun.every((each) => isSameStart(each.start, start));
      return { model, isJoined };
    }
    if (own.find(({ build }) => build === main.build)?.state !== 'serving')
      return { model: main, isJoined: false };
    const model = { projection, version, build: main.build + 1 };
    return { model, isJoined: false };
  });
}

function failed({ name, version }: ProjectionDefinition, fault: HandlerFault): ProjectionFailedError {
  const details = { projection: name, version, reason: fault.message };
  return new ProjectionFailedError(details, { cause: fault.cause });
}

function isSameStart(a: RebuildStart | undefined, b: RebuildStart | undefined): boolean {
  return JSON.stringify(a ?? null) === JSON.stringify(b ?? null);
}
