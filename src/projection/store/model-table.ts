import type { ModelId } from './model-id.js';

/**
 * - `building`: readers do not see it yet.
 * - `serving`: the one that readers see.
 * - `retired`: readers saw it before. It stands for a roll-back until it is dropped.
 */
export type ModelState = 'building' | 'serving' | 'retired';

/** A model that stands in the store. */
export interface StoredModel extends ModelId {
  readonly state: ModelState;
}

/** The models of projections that stand side by side, as one transaction sees them. */
export interface ModelTable {
  /** All models of a projection, oldest first. They are not locked, so a look waits for nobody. */
  find(projection: string): Promise<StoredModel[]>;
  /**
   * As {@link find}, to change them: they are locked until the transaction ends, so that two
   * instances do not switch at the same time.
   */
  list(projection: string): Promise<StoredModel[]>;
  /** Adds a model with a place of its own for its tables, in the state `building`. Does nothing if it exists. */
  create(model: ModelId): Promise<void>;
  /**
   * From the end of the transaction on, readers see this model, with the tables that it has now. The one that
   * they saw before is `retired`.
   */
  serve(model: ModelId): Promise<void>;
  /** Removes a model with its tables and its checkpoints. The one that serves is not dropped. */
  drop(model: ModelId): Promise<void>;
}
