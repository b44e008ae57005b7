import { comparePositions, type Position } from '../../event/position.js';
import type { RecordedEvent } from '../../event/recorded-event.js';
import { deepFreeze } from '../../kernel/deep-freeze.js';
import { InvalidRowError } from '../store/row-errors.js';
import type { Row, RowTables } from '../store/row-tables.js';
import type { FoldBatch, HandlerContext, ModelFold } from './model-fold.js';

/** The keys of the rows that an event changes: one, several, or none (an empty list). */
export type RowKeys = string | readonly string[];

/** What a row's handler is told beside the row and its event. */
export interface RowContext extends HandlerContext {
  /** The key of the row. */
  readonly key: string;
}

/** What a projection in row style does with the events of one type. */
export interface RowHandler {
  /** The keys of the rows that an event changes. */
  keysOf(event: RecordedEvent): RowKeys;
  /** The row after the event; undefined deletes it. */
  handle(row: Row | undefined, event: RecordedEvent, context: RowContext): Row | undefined;
}

/** Where the rows are, and what is done with them. */
export interface RowFoldParts<Tx> {
  readonly table: string;
  readonly keyColumn: string;
  readonly rows: RowTables<Tx>;
  readonly handlers: ReadonlyMap<string, RowHandler>;
}

/** Rows before a batch, and the last event in each, where the store knows. */
interface LoadedRows {
  readonly before: ReadonlyMap<string, Row>;
  readonly upTo: ReadonlyMap<string, Position> | undefined;
  /** The same, to be moved with the events. */
  readonly positions: Map<string, Position>;
}

/**
 * Loads the rows that a batch of events changes in one query, changes them in memory, and writes those that
 * have changed.
 */
export class RowFold<Tx> implements ModelFold<Tx> {
  readonly #parts: RowFoldParts<Tx>;

  constructor(parts: RowFoldParts<Tx>) {
    this.#parts = parts;
  }

  async apply(tx: Tx, batch: FoldBatch): Promise<void> {
    const { table, keyColumn, rows } = this.#parts;
    const keysByEvent = this.#keysOf(batch);
    const keys = [...new Set(keysByEvent.flat())].toSorted();
    if (keys.length === 0) return;
    batch.begins(`the query of ${keys.length} rows of ${table}`);
    const selection = { table, keyColumn, keys, lock: batch.isShared };
    const before = await rows.load(tx, selection);
    // a row that its handler changes in place could not be told from one that has not changed
    for (const row of before.values()) deepFreeze(row);
    const upTo = rows.positions?.(tx, selection);
    const positions = new Map(upTo);
    const after = this.#fold(batch, keysByEvent, { before, upTo, positions });
    const changed = keys.filter((key) => after.get(key) !== before.get(key));
    if (changed.length === 0) return;
    const upserts = changed.map((key) => after.get(key)).filter((row) => row !== undefined);
    const deletes = changed.filter((key) => after.get(key) === undefined);
    batch.begins(`the write of ${changed.length} rows of ${table}`);
    await rows.save(tx, { table, keyColumn, upserts, deletes, positions });
  }

  async clear(tx: Tx): Promise<void> {
    await this.#parts.rows.clear(tx, this.#parts.table);
  }

  #keysOf(batch: FoldBatch): string[][] {
    return batch.events.map((event, index) => {
      batch.handles(index);
      const keys = this.#handlerOf(event).keysOf(event);
      const list: readonly unknown[] = Array.isArray(keys) ? keys : [keys];
      return list.map((key) => this.#requireKey(key, event));
    });
  }

  #fold(
    batch: FoldBatch,
    keysByEvent: readonly (readonly string[])[],
    { before, upTo, positions }: LoadedRows,
  ): Map<string, Row | undefined> {
    const rows = new Map<string, Row | undefined>(before);
    for (const [index, event] of batch.events.entries()) {
      batch.handles(index);
      const handler = this.#handlerOf(event);
      for (const key of keysByEvent[index] ?? []) {
        const isInside = holds(upTo?.get(key), event);
        if (isInside && batch.isRedriven !== true) continue;
        const row = handler.handle(rows.get(key), event, { ...batch.context, key });
        rows.set(key, row && deepFreeze(this.#withKey(row, key)));
        if (!isInside) positions.set(key, event.position);
      }
    }
    return rows;
  }

  #withKey(row: Row, key: string): Row {
    const { table, keyColumn } = this.#parts;
    if (typeof row !== 'object' || Array.isArray(row)) {
      throw new InvalidRowError({ table, key, reason: 'the handler returned no row and no undefined' });
    }
    const given = row[keyColumn];
    if (given === key) return row;
    if (given === undefined) return { ...row, [keyColumn]: key };
    throw new InvalidRowError({ table, key, reason: `its column ${keyColumn} is another key` });
  }

  #requireKey(key: unknown, event: RecordedEvent): string {
    if (typeof key === 'string' && key !== '') return key;
    const reason = `key(event) gave no text for ${event.type} at ${event.position}`;
    throw new InvalidRowError({ table: this.#parts.table, key: String(key), reason });
  }

  #handlerOf(event: RecordedEvent): RowHandler {
    return this.#parts.handlers.get(event.type) as RowHandler;
  }
}

/** Whether a row holds an event already: one that was stored before its checkpoint. */
function holds(upTo: Position | undefined, { position }: RecordedEvent): boolean {
  return upTo !== undefined && comparePositions(position, upTo) <= 0;
}
