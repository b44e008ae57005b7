import type { CorruptStreamError } from '../../event/event-errors.js';
import type { ProjectionStore } from '../checkpoint/projection-store.js';
import type { EventHandler } from './event-handler.js';
import type { ProjectionId } from './projection-id.js';

/** A projection as {@link defineProjection} returns it: checked, and with its handlers by event type. */
export interface ProjectionDefinition<Tx = unknown> extends ProjectionId {
  /** Categories whose streams are read; undefined for all but jetsource's own (`$…`). */
  readonly categories: readonly string[] | undefined;
  /** The database of the model. */
  readonly store: ProjectionStore<Tx>;
  /** By the name that events of the type are stored under. */
  readonly handlers: ReadonlyMap<string, EventHandler<Tx>>;
  /**
   * What is told of a message that holds no sound commit, before the replay goes on after it; undefined: it
   * stops there.
   */
  readonly onCorrupt?: ((error: CorruptStreamError) => void | Promise<void>) | undefined;
  /** Creates the tables where they do not exist. */
  setUp(tx: Tx): Promise<unknown>;
  /** Empties the tables. */
  clear(tx: Tx): Promise<unknown>;
}
