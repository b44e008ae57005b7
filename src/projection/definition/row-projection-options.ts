import type { RecordedEvent } from '../../event/recorded-event.js';
import type { RowContext, RowKeys } from '../fold/row-fold.js';
import type { DataOf, ProjectedEvents, StoredProjectionOptions } from './projection-options.js';

/** An event of any of the types. */
type AnyOf<Events extends ProjectedEvents> = {
  readonly [Name in keyof Events]: RecordedEvent<DataOf<Events[Name]>>;
}[keyof Events];

/**
 * Which rows an event changes: one function for all types, or one for each. `'stream'`: each stream of the one
 * category has a row, whose key is the id of the stream.
 */
export type RowKey<Events extends ProjectedEvents> =
  | 'stream'
  | ((event: AnyOf<Events>) => RowKeys)
  | { readonly [Name in keyof Events]: (event: RecordedEvent<DataOf<Events[Name]>>) => RowKeys };

/**
 * For each event type, the row after the event. `row` is undefined where there is none yet, and frozen: return a
 * new one. The row that is returned takes its place as a whole; `undefined` deletes it.
 */
export type RowHandlers<Events extends ProjectedEvents, R extends object> = {
  readonly [Name in keyof Events]: (
    row: R | undefined,
    event: RecordedEvent<DataOf<Events[Name]>>,
    context: RowContext,
  ) => R | undefined;
};

/** Options of {@link defineProjection} in row style. */
export interface RowProjectionOptions<
  Tx,
  Events extends ProjectedEvents,
  R extends object,
> extends StoredProjectionOptions<Tx, Events> {
  /** Name of the table, which `setUp` creates. It is emptied before the first event, and for a rebuild. */
  readonly table: string;
  /** The column of the key: text, and the primary key. @default 'id' */
  readonly keyColumn?: string | undefined;
  /** Which rows an event changes. */
  readonly key: RowKey<Events>;
  /** A handler for each of `events`. It only computes: the runner reads and writes the rows. */
  readonly on: RowHandlers<Events, R>;
}
