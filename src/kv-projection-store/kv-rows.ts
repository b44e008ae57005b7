import { copyPlainJson, PlainJsonFault } from '../event/plain-json.js';
import { asPosition, type Position } from '../event/position.js';
import { InvalidRowError } from '../projection/store/row-errors.js';
import type { Row, RowChanges, RowSelection, RowTables } from '../projection/store/row-tables.js';
import { rowKey, rowsOf } from './bucket-keys.js';
import type { KvTransaction } from './kv-transaction.js';
import { decodeRow, encodeRow, type StoredRow } from './stored-row.js';

/** The longest key of a row, in bytes: the server cuts the connection on subjects that are much longer. */
const LONGEST_KEY = 1_024;
const LONGEST_TABLE = 64;
/** Half of a surrogate pair, which has no UTF-8. */
const HALF_A_PAIR = /[\uD800-\uDFFF]/u;
/** Before the first event. */
const START = asPosition('0.0');

/** The rows in a bucket, each with the position of the last event in it. */
export class KvRows implements RowTables<KvTransaction> {
  readonly areShared = false;

  async load(tx: KvTransaction, { table, keys }: RowSelection): Promise<ReadonlyMap<string, Row>> {
    for (const key of keys) checkKey(table, key);
    await tx.read(keys.map((key) => rowKey(table, key)));
    return new Map(this.#stored(tx, { table, keys }).flatMap(([key, { row }]) => (row ? [[key, row]] : [])));
  }

  positions(tx: KvTransaction, selection: RowSelection): ReadonlyMap<string, Position> {
    return new Map(this.#stored(tx, selection).map(([key, { position }]) => [key, position]));
  }

  async save(tx: KvTransaction, changes: RowChanges): Promise<void> {
    const { table, keyColumn, upserts, deletes, positions } = changes;
    for (const row of upserts) {
      const key = String(row[keyColumn]);
      const value = encodeRow({ position: positions?.get(key) ?? START, row: plain(row, { table, key }) });
      const reason = tx.misfit(rowKey(table, key), value);
      if (reason !== undefined) throw new InvalidRowError({ table, key, reason });
      tx.put(rowKey(table, key), value);
    }
    for (const key of deletes)
      tx.put(rowKey(table, key), encodeRow({ position: positions?.get(key) ?? START, row: undefined }));
  }

  async clear(tx: KvTransaction, table: string): Promise<void> {
    checkTable(table);
    tx.purge(rowsOf(table));
  }

  #stored(
    tx: KvTransaction,
    { table, keys }: Pick<RowSelection, 'table' | 'keys'>,
  ): (readonly [string, StoredRow])[] {
    return keys.flatMap((key) => {
      const value = tx.entry(rowKey(table, key))?.value;
      return value === undefined ? [] : [[key, requireRow(value, { table, key })] as const];
    });
  }
}

/** @throws {@link InvalidRowError} when the value is no row of jetsource's. */
export function requireRow(
  value: Uint8Array,
  { table, key }: { readonly table: string; readonly key: string },
): StoredRow {
  const stored = decodeRow(value);
  if (stored !== undefined) return stored;
  const reason = 'somebody else has put a value there that is no row; delete that key of the bucket';
  throw new InvalidRowError({ table, key, reason });
}

/** @throws {@link InvalidRowError} when JSON would change the row. */
function plain(row: Row, { table, key }: { readonly table: string; readonly key: string }): Row {
  try {
    return copyPlainJson(row, { root: '' }) as Row;
  } catch (cause) {
    if (!(cause instanceof PlainJsonFault)) throw cause;
    throw new InvalidRowError({ table, key, reason: cause.message }, { cause });
  }
}

function checkKey(table: string, key: string): void {
  checkTable(table);
  const bytes = Buffer.byteLength(key);
  if (bytes <= LONGEST_KEY && !HALF_A_PAIR.test(key)) return;
  const reason =
    bytes > LONGEST_KEY
      ? `its key has ${bytes} bytes, a bucket takes ${LONGEST_KEY}`
      : 'its key is no well-formed Unicode';
  throw new InvalidRowError({ table, key, reason });
}

function checkTable(table: string): void {
  const bytes = Buffer.byteLength(table);
  if (bytes <= LONGEST_TABLE && !HALF_A_PAIR.test(table)) return;
  const reason = `the name of the table has ${bytes} bytes, a bucket takes ${LONGEST_TABLE} of whole characters`;
  throw new InvalidRowError({ table, key: '(all)', reason });
}
