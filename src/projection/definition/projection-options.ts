import type { EventDefinition } from '../../event/event-registry.js';
import type { EventClass } from '../../event/event-type.js';
import type { PlainEventType } from '../../event/plain-event-type.js';
import type { RecordedEvent } from '../../event/recorded-event.js';
import type { CorruptStreamError } from '../../event/event-errors.js';
import type { ProjectionStore } from '../checkpoint/projection-store.js';

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
  ) => Promise<void> | void;
};

/** Options of {@link defineProjection}. */
export interface ProjectionOptions<Tx, Events extends ProjectedEvents> {
  /**
   * A letter, then letters, digits, `_` or `-`; 64 characters at most. The checkpoint is stored under this
   * name and the version, so a projection with a new name starts from the beginning of the log.
   */
  readonly name: string;
  /**
   * An integer of at least 1; increase it when the model has to be built differently. Each version has a
   * checkpoint of its own and starts from the beginning of the log. Give each its own tables
   * (`order_summary_v2`): then both can run until the readers have moved, in one {@link Projections} or in
   * two processes, as during a rolling update.
   *
   * @default 1
   */
  readonly version?: number | undefined;
  /** Only the streams of these categories are read. @default all but jetsource's own (`$…`) */
  readonly categories?: readonly string[] | undefined;
  /** The database of the model. Handlers must write through its transactions and through nothing else. */
  readonly store: ProjectionStore<Tx>;
  /**
   * Told of a message in the log that holds no sound commit (foreign, damaged, on a wrong subject), by its
   * position; the projection then goes on after it. What it throws stops the projection. It is told again of
   * the same message when the projection starts again before a later commit is in the model, and when it is
   * rebuilt.
   *
   * @default the projection stops there with {@link ProjectionFailedError}, whose `cause` is the error
   */
  readonly onCorrupt?: ((error: CorruptStreamError) => void | Promise<void>) | undefined;
  /**
   * Creates the tables. Runs at every start, so it has to accept those that exist already
   * (`create table if not exists`).
   *
   * @default nothing
   */
  setUp?(tx: Tx): Promise<unknown>;
  /** Empties the tables: before the first event, and for a rebuild. */
  clear(tx: Tx): Promise<unknown>;
  /**
   * The event types that the model is built from: classes, or what {@link eventType} declared. Events of
   * other types are skipped.
   */
  readonly events: Events;
  /**
   * A handler for each of `events`, called in the order of the log. When it throws, its transaction is rolled
   * back and tried again, 5 times in all; then the projection stops with {@link ProjectionFailedError}.
   */
  readonly on: ProjectionHandlers<Events, Tx>;
}
