import type { CorruptStreamError } from '../../event/event-errors.js';
import type { EventDefinition } from '../../event/event-registry.js';
import type { ReplicaSource } from '../../log/replica-source.js';
import type { ProjectionStore } from '../store/projection-store.js';
import type { FailurePolicy } from './failure-policy.js';
import type { ModelFold } from '../fold/model-fold.js';
import type { ProjectionId } from './projection-id.js';
import type { ProjectionStart } from '../start/projection-start.js';

/** A projection as {@link defineProjection} returns it: checked, whatever its style is. */
export interface ProjectionDefinition<Tx = unknown> extends ProjectionId {
  /** Categories whose streams are read; undefined for all but jetsource's own (`$…`). */
  readonly categories: readonly string[] | undefined;
  /** The event types that are handled, by the name that events of the type are stored under. */
  readonly events: ReadonlyMap<string, EventDefinition>;
  /** Where the first model of a version begins. */
  readonly from: ProjectionStart;
  /** In how many lanes the model is built, each with a checkpoint and an owner. */
  readonly lanes: number;
  /** The database of the model. */
  readonly store: ProjectionStore<Tx>;
  /** How the model is built. */
  readonly fold: ModelFold<Tx>;
  /** Whether each process has a model of its own, in memory: then none of them owns the projection. */
  readonly isLive: boolean;
  /** What happens when a handler fails. */
  readonly failure: FailurePolicy;
  /** The mirror that the log is read from; undefined for the store's own stream. */
  readonly readFrom: ReplicaSource | undefined;
  /**
   * What is told of a message that holds no sound commit, before the replay goes on after it; undefined: it
   * stops there.
   */
  readonly onCorrupt?: ((error: CorruptStreamError) => void | Promise<void>) | undefined;
  /** Creates the tables where they do not exist. */
  // methods, not properties: a definition for one database is then also one for `unknown`, as lists need
  setUp(tx: Tx): Promise<unknown>;
}
