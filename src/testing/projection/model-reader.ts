import assert from 'node:assert/strict';
import { InvalidOptionError } from '../../kernel/invalid-option-error.js';
import type { ProjectionDefinition } from '../../projection/definition/projection-definition.js';
import { currentModels } from '../../projection/lifecycle/current-models.js';
import { LiveStore } from '../../projection/fold/live-store.js';
import { InMemoryProjectionStore } from '../in-memory/in-memory-projection-store.js';

/**
 * What is read of a model: a table of an {@link inMemoryProjectionStore} by its name, or whatever a function
 * reads. The function is given what handlers are given: the transaction, or the state of a live projection.
 */
export type ModelRead<Model> = string | ((model: Model) => unknown);

/** Reads what `read` says. Without it, all that a model in memory holds. */
export async function readModel(
  definition: ProjectionDefinition,
  read: ModelRead<never> | undefined,
): Promise<unknown> {
  const { store } = definition;
  if (typeof read === 'function') return withModel(definition, read as (model: unknown) => unknown);
  if (store instanceof InMemoryProjectionStore)
    return read === undefined ? { model: store.model, tables: store.tables } : tableIn(store, read);
  if (read === undefined && store instanceof LiveStore) return store.state;
  const allowed =
    "a function that reads the model, such as async (tx) => (await tx.query('select * from …')).rows: only of " +
    'an inMemoryProjectionStore the specification knows what it holds';
  throw new InvalidOptionError({ option: 'read', given: read, allowed });
}

/** Calls with what handlers are given. */
export async function withModel(
  definition: ProjectionDefinition,
  look: (model: unknown) => unknown,
): Promise<unknown> {
  const { store } = definition;
  if (store instanceof LiveStore) return look(store.state);
  const { main } = await currentModels(definition);
  return store.transact(main, async ({ tx }) => look(tx));
}

function tableIn(store: InMemoryProjectionStore<object>, name: string): unknown {
  const names = [...store.tables.keys()];
  // a table without rows may never have been written
  if (names.length === 0 || names.includes(name)) return [...store.table(name).values()];
  return assert.fail(`the projection has written no table ${name}, but ${names.join(', ')}`);
}
