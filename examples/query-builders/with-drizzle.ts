import { sql } from 'drizzle-orm';
import type { PgliteDatabase } from 'drizzle-orm/pglite';
import type { SqlDatabase, SqlRow } from 'jetsource/postgres';

/** The transaction of Drizzle that handlers get. */
export type DrizzleTransaction = Parameters<Parameters<PgliteDatabase['transaction']>[0]>[0];

/** A database of Drizzle as the database of projections. */
export function withDrizzle(db: PgliteDatabase): SqlDatabase<DrizzleTransaction> {
  return {
    transaction: async (work) => db.transaction(work),
    query: async (tx, text, parameters) => {
      // Drizzle numbers parameters itself: the text is cut at its $1, $2…
      const parts = text.split(/(\$\d+)/).map((part) => {
        const [, number] = /^\$(\d+)$/.exec(part) ?? [];
        return number === undefined ? sql.raw(part) : sql`${sql.param(parameters[Number(number) - 1])}`;
      });
      return (await tx.execute<SqlRow>(sql.join(parts))).rows;
    },
  };
}
