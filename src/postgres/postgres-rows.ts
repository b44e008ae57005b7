import { InvalidRowError } from '../projection/store/row-errors.js';
import type { Row, RowChanges, RowSelection, RowTables } from '../projection/store/row-tables.js';
import { invalid, rowsAsJson } from './row-json.js';
import type { SqlDatabase } from './sql-database.js';
import { quoteName } from './sql-text.js';
import { type Column, columnOf, COLUMNS } from './table-columns.js';

/**
 * Locks keys, of rows that exist or not, until the transaction ends. Each takes a place in the lock table of
 * the server, which has `max_locks_per_transaction * max_connections` places (6,400 by default).
 */
const LOCK_KEYS = `select pg_advisory_xact_lock(hash) from (
  select distinct hashtextextended(key, hashtextextended($2, 0)) as hash
  from jsonb_array_elements_text($1::jsonb) as key order by hash
) as hashes`;

/** Reads and writes whole rows, as JSON: so they look the same whatever the driver is. */
export class PostgresRows<Tx> implements RowTables<Tx> {
  readonly #database: SqlDatabase<Tx>;
  /** Name of the schema that unqualified names in a transaction find first. */
  readonly #schemaOf: (tx: Tx) => string;
  readonly #columns = new Map<string, readonly Column[]>();

  constructor(database: SqlDatabase<Tx>, schemaOf: (tx: Tx) => string) {
    this.#database = database;
    this.#schemaOf = schemaOf;
  }

  async load(tx: Tx, { table, keyColumn, keys, lock }: RowSelection): Promise<ReadonlyMap<string, Row>> {
    const columns = await this.#columnsOf(tx, table);
    const key = columns.find(({ name }) => name === keyColumn);
    if (key === undefined) throw withoutColumn({ table, key: String(keys[0]), column: keyColumn });
    const list = JSON.stringify(keys);
    if (lock) await this.#database.query(tx, LOCK_KEYS, [list, this.#cacheKey(tx, table)]);
    const column = quoteName(keyColumn);
    const sql = `select ${column}::text as key, row_to_json(t)::text as row from ${quoteName(table)} as t
where ${isIn(column, key.type)}${lock ? ` order by ${column} for update` : ''}`;
    const rows = await this.#database.query(tx, sql, [list]);
    const loaded = new Map(rows.map((row) => [String(row['key']), JSON.parse(String(row['row'])) as Row]));
    requireKeys(loaded, { table, keys, column: keyColumn });
    return loaded;
  }

  async save(tx: Tx, { table, keyColumn, upserts, deletes }: RowChanges): Promise<void> {
    try {
      if (upserts.length > 0) await this.#upsert(tx, { table, keyColumn, upserts });
      if (deletes.length > 0) await this.#delete(tx, { table, keyColumn, deletes });
    } catch (error) {
      // the table may have been changed by somebody else
      this.#columns.delete(this.#cacheKey(tx, table));
      throw error;
    }
  }

  async clear(tx: Tx, table: string): Promise<void> {
    await this.#database.query(tx, `delete from ${quoteName(table)}`, []);
  }

  async #upsert(
    tx: Tx,
    { table, keyColumn, upserts }: Pick<RowChanges, 'table' | 'keyColumn' | 'upserts'>,
  ): Promise<void> {
    const columns = await this.#columnsFor(tx, { table, keyColumn, upserts });
    const written = columns.filter(({ isGenerated }) => !isGenerated).map(({ name }) => quoteName(name));
    const key = quoteName(keyColumn);
    const others = written.filter((column) => column !== key);
    const update = others.map((column) => `${column} = excluded.${column}`).join(', ');
    const list = written.join(', ');
    await this.#database.query(
      tx,
      `insert into ${quoteName(table)} (${list})
select ${list} from json_populate_recordset(null::${quoteName(table)}, $1::json)
on conflict (${key}) do ${update === '' ? 'nothing' : `update set ${update}`}`,
      [rowsAsJson(upserts, { table, keyColumn })],
    );
  }

  async #delete(
    tx: Tx,
    { table, keyColumn, deletes }: Pick<RowChanges, 'table' | 'keyColumn' | 'deletes'>,
  ): Promise<void> {
    const columns = await this.#columnsOf(tx, table);
    const key = columns.find(({ name }) => name === keyColumn);
    if (key === undefined) throw withoutColumn({ table, key: String(deletes[0]), column: keyColumn });
    const sql = `delete from ${quoteName(table)} where ${isIn(quoteName(keyColumn), key.type)}`;
    await this.#database.query(tx, sql, [JSON.stringify(deletes)]);
  }

  /** The columns of the table, which have to be all that the rows need. */
  async #columnsFor(
    tx: Tx,
    { table, keyColumn, upserts }: Pick<RowChanges, 'table' | 'keyColumn' | 'upserts'>,
  ): Promise<readonly Column[]> {
    const columns = await this.#columnsOf(tx, table);
    if (unknownIn(upserts, columns) === undefined) return columns;
    this.#columns.delete(this.#cacheKey(tx, table));
    const now = await this.#columnsOf(tx, table);
    const unknown = unknownIn(upserts, now);
    if (unknown === undefined) return now;
    const reason = `the table has no column ${unknown.column}`;
    throw invalid(unknown.row, { table, keyColumn, reason });
  }

  async #columnsOf(tx: Tx, table: string): Promise<readonly Column[]> {
    const key = this.#cacheKey(tx, table);
    const known = this.#columns.get(key);
    if (known !== undefined) return known;
    const columns = (await this.#database.query(tx, COLUMNS, [quoteName(table)])).map(columnOf);
    // a table that is not there yet may be created later
    if (columns.length > 0) this.#columns.set(key, columns);
    return columns;
  }

  #cacheKey(tx: Tx, table: string): string {
    return `${quoteName(this.#schemaOf(tx))}.${quoteName(table)}`;
  }
}

/** The condition that a column is one of the keys in parameter 1. */
function isIn(column: string, type: string): string {
  return `${column} = any(array(select jsonb_array_elements_text($1::jsonb))::${type}[])`;
}

function unknownIn(
  rows: readonly Row[],
  columns: readonly Column[],
): { row: Row; column: string } | undefined {
  const names = new Set(columns.map(({ name }) => name));
  for (const row of rows) {
    const column = Object.keys(row).find((property) => !names.has(property) && row[property] !== undefined);
    if (column !== undefined) return { row, column };
  }
  return undefined;
}

function withoutColumn(details: { table: string; key: string; column: string }): InvalidRowError {
  const { table, key, column } = details;
  const reason = `the table does not exist, or has no column ${column}; create it in setUp`;
  return new InvalidRowError({ table, key, reason });
}

/** A column that writes keys in another way, such as one of type `uuid`, would lose the rows of these keys. */
function requireKeys(
  loaded: ReadonlyMap<string, Row>,
  {
    table,
    keys,
    column,
  }: { readonly table: string; readonly keys: readonly string[]; readonly column: string },
): void {
  if (loaded.size === 0) return;
  const asked = new Set(keys);
  for (const key of loaded.keys()) {
    if (asked.has(key)) continue;
    const reason = `column ${column} writes its key in another way than key(event) does; use a column of type text`;
    throw new InvalidRowError({ table, key, reason });
  }
}
