import type { InjectionToken } from '@nestjs/common';
import type { RecordedEvent } from '../../event/recorded-event.js';
import type {
  CommonProjectionOptions,
  ProjectedEvents,
  StoredProjectionOptions,
} from '../../projection/definition/projection-options.js';
import type { RowKeys } from '../../projection/fold/row-fold.js';
import type { ProjectionStore } from '../../projection/store/projection-store.js';

/** A database for projections, or the token under which one is provided. */
export type ProjectionStoreRef = ProjectionStore<unknown> | InjectionToken<ProjectionStore<unknown>>;

/** Options of {@link LiveProjection}: those of `defineProjection` that a class does not have as methods. */
export interface LiveProjectionClassOptions extends Omit<CommonProjectionOptions<ProjectedEvents>, 'events'> {
  /** Alias of the event store whose events are projected. @default the store without an alias */
  readonly eventStore?: string | undefined;
}

/** Options of {@link Projection} in statement style. */
export interface ProjectionClassOptions
  extends LiveProjectionClassOptions, Pick<StoredProjectionOptions<unknown, ProjectedEvents>, 'lanes'> {
  /**
   * The database of the model, or the token of its provider.
   *
   * @default `projectionStore` of `JetsourceModule.forRoot`
   */
  readonly store?: ProjectionStoreRef | undefined;
}

/** Options of {@link Projection} in row style. */
export interface RowProjectionClassOptions<E extends object = object> extends ProjectionClassOptions {
  /**
   * The table of the rows, which `setUp` of the class creates. It is emptied before the first event, and for a
   * rebuild.
   */
  readonly table: string;
  /** The column of the key: text, and the primary key. @default 'id' */
  readonly keyColumn?: string | undefined;
  /** The key of the row that an event changes; a list where it changes several rows or none. */
  readonly key: (event: RecordedEvent<E>) => RowKeys;
}
