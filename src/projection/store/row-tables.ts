import type { Position } from '../../event/position.js';

/** A row of a read model: values that JSON can hold, by column. A column that is missing is null. */
export type Row = Readonly<Record<string, unknown>>;

/** The rows of a table, by their key. */
export interface RowSelection {
  /** Name of the table. */
  readonly table: string;
  /** The column of the key. */
  readonly keyColumn: string;
  /** Each once. */
  readonly keys: readonly string[];
  /**
   * Whether rows that other lanes may write as well are locked until the transaction ends, those that do not
   * exist yet included.
   */
  readonly lock: boolean;
}

/** Changes of a table's rows. */
export interface RowChanges {
  readonly table: string;
  readonly keyColumn: string;
  /** Inserted, or put in the place of the row with the same key. */
  readonly upserts: readonly Row[];
  /** Keys of rows to be deleted. */
  readonly deletes: readonly string[];
  /** The last event in each changed row, by key, for a store with {@link RowTables.positions}. */
  readonly positions?: ReadonlyMap<string, Position> | undefined;
}

/** How a store reads and writes whole rows, for projections in row style. */
export interface RowTables<Tx> {
  /**
   * Whether several lanes may write the same row, since `load` locks. Otherwise a projection in lanes has to use
   * `key: 'stream'`.
   *
   * @default true
   */
  readonly areShared?: boolean | undefined;
  /** The rows that exist, by key. */
  load(tx: Tx, selection: RowSelection): Promise<ReadonlyMap<string, Row>>;
  /**
   * The last event in each of the rows that were loaded, by key, deleted ones included: a row holds its events
   * up to there already. Only in a store that may have written rows without the checkpoint after them.
   *
   * @default rows and checkpoint are written together
   */
  positions?(tx: Tx, selection: RowSelection): ReadonlyMap<string, Position>;
  /**
   * Writes all changes in as few statements as possible.
   *
   * @throws {@link InvalidRowError} when a row has a property that the table has no column for.
   */
  save(tx: Tx, changes: RowChanges): Promise<void>;
  /** Deletes all rows of a table. */
  clear(tx: Tx, table: string): Promise<void>;
}
