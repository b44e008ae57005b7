import type { ProjectionDefinition } from '../definition/projection-definition.js';
import type { ModelTable, StoredModel } from '../store/model-table.js';

/**
 * Drops what is built beside the model of a version that readers see, or have seen, whoever builds it.
 *
 * @returns whether there was anything.
 */
export async function dropRebuild(
  { name, version }: Pick<ProjectionDefinition, 'name' | 'version'>,
  models: ModelTable,
): Promise<boolean> {
  const own = (await models.list(name)).filter((model) => model.version === version);
  const isSettled = ({ state }: StoredModel): boolean => state !== 'building';
  const main = own.findLast(isSettled);
  // the first model of a version is no rebuild
  if (main === undefined) return false;
  const rebuilds = own.filter((model) => !isSettled(model) && model.build > main.build);
  for (const model of rebuilds) await models.drop(model);
  return rebuilds.length > 0;
}
