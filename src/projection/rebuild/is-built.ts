import type { ProjectionDefinition } from '../definition/projection-definition.js';
import { isSameModel, type ModelId } from '../store/model-id.js';

/**
 * Whether all lanes of a model have reached the end of the log, as the database says: some may be of other
 * processes. A model that was dropped counts as built: a later one took its place.
 */
export async function isBuilt({ store, lanes }: ProjectionDefinition, model: ModelId): Promise<boolean> {
  return store.transact(undefined, async ({ checkpoints, models }) => {
    const stored = await models?.find(model.projection);
    const found = stored?.find((each) => isSameModel(each, model));
    if (stored !== undefined && found === undefined) return true;
    // one by one, without a lock: the owners go on meanwhile
    for (let lane = 0; lane < lanes; lane += 1) {
      const checkpoint = await checkpoints.find({ ...model, lane });
      if (checkpoint?.caughtUp !== true) return false;
    }
    return true;
  });
}
