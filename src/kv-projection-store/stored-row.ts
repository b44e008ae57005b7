import { asPosition, type Position } from '../event/position.js';
import type { Row } from '../projection/store/row-tables.js';

/** What a bucket holds under the key of a row. */
export interface StoredRow {
  /** The last event that is in it. */
  readonly position: Position;
  /** Undefined for a row that was deleted: it keeps its position, so that older events are left out. */
  readonly row: Row | undefined;
}

const utf8 = new TextEncoder();

/** `{"position":"17.0","row":{…}}`, for any client of NATS. */
export function encodeRow({ position, row }: StoredRow): Uint8Array {
  return utf8.encode(JSON.stringify({ position, row }));
}

/** Reads what {@link encodeRow} wrote; undefined when it is anything else. */
export function decodeRow(value: Uint8Array): StoredRow | undefined {
  try {
    const { position, row } = JSON.parse(Buffer.from(value).toString()) as {
      readonly position: string;
      readonly row?: Row;
    };
    const isRow = row === undefined || (typeof row === 'object' && row !== null && !Array.isArray(row));
    return isRow ? { position: asPosition(position), row } : undefined;
  } catch {
    return undefined;
  }
}
