import { quoteName } from './sql-text.js';
import type { SqlDatabase, SqlRow } from './sql-database.js';

/** A transaction, and the schema of the store's own tables. */
export class SqlSession<Tx = unknown> {
  readonly tx: Tx;
  /** Name of the schema that holds the store's own tables, and the views for readers. */
  readonly home: string;
  readonly #database: SqlDatabase<Tx>;

  constructor(database: SqlDatabase<Tx>, tx: Tx, home: string) {
    this.#database = database;
    this.tx = tx;
    this.home = home;
  }

  async query(sql: string, parameters: readonly unknown[] = []): Promise<readonly SqlRow[]> {
    return this.#database.query(this.tx, sql, parameters);
  }

  /** A name in the store's own schema, for SQL text. It is found whatever the `search_path` is. */
  own(name: string): string {
    return `${quoteName(this.home)}.${quoteName(name)}`;
  }
}
