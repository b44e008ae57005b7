export { nodePostgres } from './postgres/node-postgres.js';
export type { OwnedSqlDatabase, PgClient, PgPool, PgPoolClient, PgResult } from './postgres/node-postgres.js';
export { pglite } from './postgres/pglite.js';
export type { PGliteDatabase, PGliteTransaction } from './postgres/pglite.js';
export {
  DriverNotInstalledError,
  ModelNotFoundError,
  NameTakenError,
  TransactionRolledBackError,
  ViewInUseError,
} from './postgres/postgres-errors.js';
export { postgresProjectionStore } from './postgres/postgres-projection-store.js';
export type { PostgresProjectionStoreOptions } from './postgres/postgres-projection-store.js';
export type { SqlDatabase, SqlRow } from './postgres/sql-database.js';
