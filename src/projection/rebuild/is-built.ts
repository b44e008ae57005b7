import type { ProjectionDefinition } from '../definition/projection-definition.js';
import { isSameModel, type ModelId } from '../store/model-id.js';

/**
 * Whether all lanes of a model have reached the end of the log, as the database says: some may be of other
 * processes. A model that was dropped counts as built: a later one took its place.
 */
export async function isBuilt({ store }: ProjectionDefinition, model: ModelId): Promise<boolean> {
  return store.transact(undefined, async ({ checkpoints, models }) => {
    const stored = await models?.list(model.projection);
    const found = stored?.find((each) => isSameModel(each, model));
    if (stored !== undefined && found === undefined) return true;
    const lanes = await checkpoints.list(model);
    return lanes.length > 0 && lanes.every(({ caughtUp }) => caughtUp);
  });
}
