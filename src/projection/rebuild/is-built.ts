import type { ProjectionDefinition } from '../definition/projection-definition.js';
import { isSameModel, type ModelId } from '../store/model-id.js';
import type { StoredModel } from '../store/model-table.js';

/**
 * - `building`: a lane has not reached the end of the log yet.
 * - `built`: all lanes have, or a later model of the version took its place.
 * - `gone`: somebody has dropped it before.
 */
export type BuildState = 'building' | 'built' | 'gone';

/** How far a model is, as the database says: some of its lanes may be of other processes. */
export async function buildStateOf(
  { store, lanes }: ProjectionDefinition,
  model: ModelId,
): Promise<BuildState> {
  return store.transact(undefined, async ({ checkpoints, models }) => {
    const stored = await models?.find(model.projection);
    if (stored !== undefined && !stored.some((each) => isSameModel(each, model)))
      return isReplaced(model, stored) ? 'built' : 'gone';
    // one by one, without a lock: the owners go on meanwhile
    for (let lane = 0; lane < lanes; lane += 1) {
      const checkpoint = await checkpoints.find({ ...model, lane });
      if (checkpoint?.caughtUp !== true) return 'building';
    }
    return 'built';
  });
}

/** Whether readers see a later build of the version, or have seen one. */
function isReplaced({ version, build }: ModelId, stored: readonly StoredModel[]): boolean {
  return stored.some((each) => each.version === version && each.build > build && each.state !== 'building');
}
