import type { SqlDatabase } from './sql-database.js';

/**
 * The database, with transactions that the server ends when it hears nothing of their process for so long. Without
 * that, a process that is frozen in a transaction, or whose machine is gone, would keep its locks.
 */
export function boundedTransactions<Tx>(database: SqlDatabase<Tx>, idleMs: number): SqlDatabase<Tx> {
  if (database.isInProcess === true) return database;
  const bound = `set local idle_in_transaction_session_timeout = ${idleMs}`;
  const transactionWith = database.transactionWith?.bind(database);
  const query: SqlDatabase<Tx>['query'] = async (tx, sql, parameters) => database.query(tx, sql, parameters);
  if (transactionWith !== undefined) {
    return {
      query,
      transaction: async (work) => transactionWith(bound, work),
      transactionWith: async (statement, work) => transactionWith(`${bound}; ${statement}`, work),
    };
  }
  return {
    query,
    transaction: async (work) =>
      database.transaction(async (tx) => {
        await database.query(tx, bound, []);
        return work(tx);
      }),
  };
}
