import { InvalidRowError } from '../projection/store/row-errors.js';
import type { Row } from '../projection/store/row-tables.js';

/** Where rows are written. */
export interface RowPlace {
  readonly table: string;
  readonly keyColumn: string;
}

/**
 * Rows as JSON. Dates become ISO texts, as everywhere in JSON.
 *
 * @throws {@link InvalidRowError} when a value is one that JSON cannot hold, or would change, or that
 * PostgreSQL has no text for.
 */
export function rowsAsJson(rows: readonly Row[], place: RowPlace): string {
  for (const row of rows) {
    for (const [column, value] of Object.entries(row)) {
      const fault = faultOf(value);
      if (fault !== undefined) throw invalid(row, { ...place, reason: `its column ${column} ${fault}` });
    }
  }
  const json = JSON.stringify(rows);
  const withNul = json.includes('\\u0000') ? rows.find((row) => hasNul(row)) : undefined;
  if (withNul !== undefined) {
    throw invalid(withNul, {
      ...place,
      reason: 'a text in it has a NUL character, which PostgreSQL cannot hold',
    });
  }
  return json;
}

/** An error about one row. */
export function invalid(row: Row, place: RowPlace & { readonly reason: string }): InvalidRowError {
  const { table, keyColumn, reason } = place;
  return new InvalidRowError({ table, key: String(row[keyColumn]), reason });
}

/** The escape of a NUL, which an even number of backslashes comes before. */
function hasNul(row: Row): boolean {
  return /(?<!\\)(?:\\\\)*\\u0000/.test(JSON.stringify(row));
}

/** What is wrong with a value, as the end of a sentence; undefined when nothing is. */
function faultOf(value: unknown): string | undefined {
  switch (typeof value) {
    case 'number':
      return Number.isFinite(value) ? undefined : `is ${value}; JSON has no such number`;
    case 'bigint':
      return 'is a bigint, which JSON cannot hold; write it as text';
    case 'function':
    case 'symbol':
      return `is a ${typeof value}, which JSON cannot hold`;
    case 'object':
      return value === null ? undefined : faultInside(value);
    case 'string':
    case 'boolean':
    case 'undefined':
      return undefined;
  }
}

function faultInside(value: object): string | undefined {
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'is an invalid date' : undefined;
  if (value instanceof Map || value instanceof Set) return 'is a Map or a Set, which JSON cannot hold';
  for (const member of Object.values(value)) {
    const fault = faultOf(member);
    if (fault !== undefined) return `has a member that ${fault}`;
  }
  return undefined;
}
