export { pglite } from './postgres/pglite.js';
export type { PGliteDatabase, PGliteTransaction } from './postgres/pglite.js';
export { postgresProjectionStore } from './postgres/postgres-projection-store.js';
export type { SqlDatabase, SqlRow } from './postgres/sql-database.js';
