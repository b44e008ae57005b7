import { PGlite } from '@electric-sql/pglite';
import type { ProjectionStore } from 'jetsource';
import { nodePostgres, pglite, postgresProjectionStore } from 'jetsource/postgres';
import { Pool } from 'pg';

/** The database of the read model, by either driver. */
export abstract class ShopDatabase {
  /** Where projections write. */
  abstract readonly models: ProjectionStore<unknown>;
  abstract query<Row extends object>(sql: string, parameters?: unknown[]): Promise<Row[]>;
  abstract close(): Promise<void>;

  /**
   * PostgreSQL with an address, which all instances of the shop share. Without, PostgreSQL inside the process, in
   * memory: each instance then builds a read model of its own from the log at each start.
   */
  static async open(url: string | undefined): Promise<ShopDatabase> {
    return url === undefined
      ? new InProcess(await PGlite.create())
      : new Shared(new Pool({ connectionString: url }));
  }
}

class InProcess extends ShopDatabase {
  readonly models: ProjectionStore<unknown>;

  constructor(private readonly db: PGlite) {
    super();
    this.models = postgresProjectionStore(pglite(db));
  }

  async query<Row extends object>(sql: string, parameters?: unknown[]): Promise<Row[]> {
    return (await this.db.query<Row>(sql, parameters)).rows;
  }

  async close(): Promise<void> {
    await this.db.close();
  }
}

class Shared extends ShopDatabase {
  readonly models: ProjectionStore<unknown>;

  constructor(private readonly pool: Pool) {
    super();
    this.models = postgresProjectionStore(nodePostgres(pool));
  }

  async query<Row extends object>(sql: string, parameters?: unknown[]): Promise<Row[]> {
    return (await this.pool.query<Row>(sql, parameters)).rows;
  }

  async close(): Promise<void> {
    await this.pool.end();
  }
}
