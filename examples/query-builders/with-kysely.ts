import { CompiledQuery, type Kysely, type Transaction } from 'kysely';
import type { SqlDatabase, SqlRow } from 'jetsource/postgres';

/** A database of Kysely as the database of projections: handlers get its transaction. */
export function withKysely<Schema>(db: Kysely<Schema>): SqlDatabase<Transaction<Schema>> {
  return {
    transaction: async (work) => db.transaction().execute(work),
    query: async (tx, text, parameters) => {
      const query = CompiledQuery.raw(text, [...parameters]);
      return (await tx.executeQuery<SqlRow>(query)).rows;
    },
  };
}
