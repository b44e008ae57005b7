import type { ProjectionDefinition } from '../definition/projection-definition.js';
import { FIRST_BUILD, type ModelId } from '../store/model-id.js';
import type { ModelTable, StoredModel } from '../store/model-table.js';

/** What a version of a projection builds. */
export interface CurrentModels {
  /** The model that readers see, or will see when it has caught up. */
  readonly main: ModelId;
  /** Whether readers see it. */
  readonly isServing: boolean;
  /** A rebuild beside it. */
  readonly rebuild: ModelId | undefined;
  /** The epochs of a lane's checkpoints of these models, by build. */
  readonly epochs: ReadonlyMap<number, number>;
}

/**
 * Finds the models of a version, and adds the first one. Readers see it at once where they see none yet.
 *
 * @param lane Whose epochs are looked up. @default 0
 */
export async function currentModels(definition: ProjectionDefinition, lane = 0): Promise<CurrentModels> {
  const { name: projection, version, store } = definition;
  const first = { projection, version, build: FIRST_BUILD };
  return store.transact(undefined, async ({ models, checkpoints }) => {
    const current =
      models === undefined
        ? { main: first, isServing: true, rebuild: undefined }
        : modelsIn(await withFirst(models, first), version);
    const epochs = new Map<number, number>();
    for (const model of [current.main, current.rebuild]) {
      const checkpoint = model && (await checkpoints.find({ ...model, lane }));
      if (checkpoint !== undefined) epochs.set(checkpoint.build, checkpoint.epoch);
    }
    return { ...current, epochs };
  });
}

/** All models of the projection, after the first one of the version was added where it has none. */
async function withFirst(models: ModelTable, first: ModelId): Promise<StoredModel[]> {
  const hasOwn = (stored: readonly StoredModel[]): boolean =>
    stored.some(({ version }) => version === first.version);
  const found = await models.find(first.projection);
  if (hasOwn(found)) return found;
  const stored = await models.list(first.projection);
  if (hasOwn(stored)) return stored;
  await models.create(first);
  const isSeen = stored.some(({ state }) => state === 'serving');
  if (!isSeen) await models.serve(first);
  return [...stored, { ...first, state: isSeen ? 'building' : 'serving' }];
}

function modelsIn(stored: readonly StoredModel[], version: number): Omit<CurrentModels, 'epochs'> {
  const own = stored.filter((model) => model.version === version).toSorted((a, b) => a.build - b.build);
  const [newest] = own.toReversed();
  const settled = own.findLast(({ state }) => state !== 'building');
  const main = settled ?? (newest as StoredModel);
  const isBeside = newest !== undefined && newest.build > main.build;
  return {
    main: idOf(main),
    isServing: main.state === 'serving',
    rebuild: isBeside ? idOf(newest) : undefined,
  };
}

function idOf({ projection, version, build }: ModelId): ModelId {
  return { projection, version, build };
}
