import { type Checkpoint, modelOf } from '../store/checkpoint.js';
import { Fenced } from './fenced.js';
import { isSameModel, type ModelId } from '../store/model-id.js';
import type { ModelTable } from '../store/model-table.js';
import type { ProjectionStore } from '../store/projection-store.js';

export interface MarkedLane {
  readonly checkpoint: Checkpoint;
  /** Whether readers see the model from now on, and did not before. */
  readonly isServed: boolean;
}

/**
 * Notes that a lane has reached the end of the log. When all lanes of a model have, readers see the model from
 * the end of the transaction on, unless they see a higher version. Earlier builds of its version are dropped.
 *
 * @throws {@link Fenced} when another owner has taken over.
 */
export async function markCaughtUp(
  checkpoint: Checkpoint,
  store: ProjectionStore<unknown>,
): Promise<MarkedLane> {
  const next = { ...checkpoint, caughtUp: true };
  const model = modelOf(checkpoint);
  return store.transact(model, async ({ checkpoints, models }) => {
    // comes first, in the order of the lanes: two lanes that lock their own first would wait for each other
    const before = models === undefined ? [] : await checkpoints.list(model);
    if (!(await checkpoints.replace(checkpoint, next))) {
      const found = await checkpoints.find(next);
      // the answer to an earlier try was lost
      const isOwn = found?.epoch === next.epoch && found.position === next.position && found.caughtUp;
      if (!isOwn) throw new Fenced();
    }
    const isDone = before.every(({ lane, caughtUp }) => caughtUp || lane === next.lane);
    const isServed = models !== undefined && isDone && (await serveIfNewer(models, model));
    return { checkpoint: next, isServed };
  });
}

async function serveIfNewer(models: ModelTable, model: ModelId): Promise<boolean> {
  const stored = await models.list(model.projection);
  const own = stored.find((each) => isSameModel(each, model));
  const serving = stored.find(({ state }) => state === 'serving');
  if (own?.state !== 'building' || (serving !== undefined && serving.version > model.version)) return false;
  await models.serve(model);
  const former = stored.filter(({ version, build }) => version === model.version && build < model.build);
  for (const each of former) await models.drop(each);
  return true;
}
