import type { SqlRow } from './sql-database.js';

/** A column of a table. */
export interface Column {
  readonly name: string;
  /** As SQL text. */
  readonly type: string;
  /** Whether the database computes its values, so that they cannot be written. */
  readonly isGenerated: boolean;
}

/** The columns of the table that the name finds by the `search_path` ($1). */
export const COLUMNS = `select attname as name, format_type(atttypid, atttypmod) as type,
  attgenerated <> '' or attidentity <> '' as is_generated
from pg_attribute where attrelid = to_regclass($1) and attnum > 0 and not attisdropped order by attnum`;

/** A row of {@link COLUMNS}. */
export function columnOf(row: SqlRow): Column {
  return {
    name: String(row['name']),
    type: String(row['type']),
    isGenerated: row['is_generated'] === true,
  };
}
