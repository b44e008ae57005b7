import type { EventDefinition } from '../../event/event-registry.js';
import type { EventClass } from '../../event/event-type.js';
import type { PlainEventType } from '../../event/plain-event-type.js';
import type { RecordedEvent } from '../../event/recorded-event.js';
import type { CorruptStreamError } from '../../event/event-errors.js';
import type { ReplicaSource } from '../../log/replica-source.js';
import type { ProjectionStore } from '../store/projection-store.js';
import type { FailureOptions } from './failure-policy.js';
import type { HandlerContext } from '../fold/model-fold.js';
import type { ProjectionStart } from '../start/projection-start.js';

/** Event classes and plain event types, by the names that their handlers have in `on`. */
export type ProjectedEvents = Readonly<Record<string, EventDefinition>>;

/** The data of an event type: an instance of its class, or the plain data. */
export type DataOf<Definition extends EventDefinition> =
  Definition extends PlainEventType<string, infer Data>
    ? Data
    : Definition extends EventClass<infer Instance>
      ? Instance
      : never;

/** A handler for each of the event types. */
export type ProjectionHandlers<Events extends ProjectedEvents, Tx> = {
  readonly [Name in keyof Events]: (
    event: RecordedEvent<DataOf<Events[Name]>>,
    tx: Tx,
    context: HandlerContext,
  ) => Promise<void> | void;
};

/** What projections of all styles have. */
export interface CommonProjectionOptions<Events extends ProjectedEvents> {
  /**
   * A letter, then letters, digits, `_` or `-`; 64 characters at most. The checkpoint is stored under this
   * name and the version, so a projection with a new name starts from the beginning of the log.
   */
  readonly name: string;
  /**
   * An integer of at least 1; increase it when the model has to be built differently. Each version has a
   * checkpoint of its own and starts where `from` says. In PostgreSQL each has tables of its own as well: the
   * version that readers see serves them until the new one has caught up.
   *
   * @default 1
   */
  readonly version?: number | undefined;
  /**
   * Only the streams of these categories are read; of jetsource's own categories, `$bus` can be named: notifications.
   * @default all but jetsource's own (`$…`)
   */
  readonly categories?: readonly string[] | undefined;
  /**
   * The event types that the model is built from: classes, or what {@link eventType} declared. Events of
   * other types are skipped.
   */
  readonly events: Events;
  /** Where the first model of a version begins. A stored checkpoint comes first. @default 'beginning' */
  readonly from?: ProjectionStart | undefined;
  /**
   * What happens when a handler throws. Its transaction is rolled back and tried again.
   *
   * @default 5 attempts, then the projection stops with {@link ProjectionFailedError}
   */
  readonly onFailure?: FailureOptions | undefined;
  /**
   * Told of a message in the log that holds no sound commit (foreign, damaged, on a wrong subject), by its
   * position; the projection then goes on after it. What it throws stops the projection. It is told again of
   * the same message when the projection starts again before a later commit is in the model, and when it is
   * rebuilt.
   *
   * @default the projection stops there with {@link ProjectionFailedError}, whose `cause` is the error
   */
  readonly onCorrupt?: ((error: CorruptStreamError) => void | Promise<void>) | undefined;
  /** Reads the log from a mirror of the store. @default the store's own stream */
  readonly readFrom?: ReplicaSource | undefined;
}

/** What projections that a database holds have. */
export interface StoredProjectionOptions<
  Tx,
  Events extends ProjectedEvents,
> extends CommonProjectionOptions<Events> {
  /** The database of the model. Handlers must write through its transactions and through nothing else. */
  readonly store: ProjectionStore<Tx>;
  /**
   * In how many lanes the model is built, 1 to 64. Each lane reads its own part of the streams in order, and has
   * a checkpoint and an owner, so that several instances of a service can build one model. A transaction over
   * streams of several lanes is applied whole in each lane only.
   *
   * @default 1
   */
  readonly lanes?: number | undefined;
  /**
   * Creates the tables. Runs at every start, so it has to accept those that exist already
   * (`create table if not exists`).
   *
   * @default nothing
   */
  setUp?(tx: Tx): Promise<unknown>;
}

/** Options of {@link defineProjection} in statement style. */
export interface ProjectionOptions<Tx, Events extends ProjectedEvents> extends StoredProjectionOptions<
  Tx,
  Events
> {
  /** Empties the tables: before the first event, and for a rebuild. */
  clear(tx: Tx): Promise<unknown>;
  /** A handler for each of `events`, called in the order of the log. */
  readonly on: ProjectionHandlers<Events, Tx>;
}
