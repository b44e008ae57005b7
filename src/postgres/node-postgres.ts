import { InvalidOptionError } from '../kernel/invalid-option-error.js';
import { DriverNotInstalledError, TransactionRolledBackError } from './postgres-errors.js';
import { type PgStatement, PreparedStatements } from './prepared-statements.js';
import type { SqlDatabase } from './sql-database.js';

/** The part of the answer of `pg` that is used here. */
export interface PgResult<Row> {
  readonly command: string;
  readonly rows: Row[];
  /** How many rows a statement returned or changed. */
  readonly rowCount: number | null;
}

/** The part of a client of `pg` that is used here. */
export interface PgClient {
  /** Runs one statement with `$1`, `$2`… and returns its rows. */
  query<Row extends Record<string, unknown>>(sql: string, parameters?: unknown[]): Promise<PgResult<Row>>;
  query<Row extends Record<string, unknown>>(statement: PgStatement): Promise<PgResult<Row>>;
  on(event: 'error', listener: (error: Error) => void): unknown;
  off(event: 'error', listener: (error: Error) => void): unknown;
}

/** A client of a pool of `pg`. */
export interface PgPoolClient extends PgClient {
  /** Hands it back; with `true` it is closed, since its connection is no longer sound. */
  release(destroy?: boolean): void;
}

/** The part of a pool of `pg` that is used here. */
export interface PgPool<Client extends PgPoolClient> {
  readonly totalCount: number;
  connect(): Promise<Client>;
  on(event: 'error', listener: (error: Error) => void): unknown;
}

/** A database whose connections are its own. */
export interface OwnedSqlDatabase<Tx> extends SqlDatabase<Tx> {
  /** Waits for the transactions that run, and closes all connections. Later transactions are refused. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** A pool that was made here. */
interface OwnPool extends PgPool<PgPoolClient> {
  end(): Promise<void>;
}

/** A full pool, and a server that does not answer, are given up after this time. */
const CONNECT_TIMEOUT_MS = 5_000;

/**
 * PostgreSQL by the driver `pg` as the database of projections; handlers get its client. Give a pool, which
 * replaces lost connections. One client runs one transaction at a time, and is of no use any more when its
 * connection is lost. A connection string makes a pool of ten connections that waits 5 s for a connection;
 * close it with `close()`. Statements of the projection store are prepared, unless a pooler in between, such as
 * PgBouncer, loses them.
 *
 * With a connection string, the package `pg` is loaded by the first transaction, which rejects with
 * {@link DriverNotInstalledError} when it is not installed.
 *
 * @throws {@link InvalidOptionError} when it is none of these.
 * @example
 * const models = postgresProjectionStore(nodePostgres(new Pool({ connectionString: process.env.DATABASE_URL })));
 */
export function nodePostgres(connectionString: string): OwnedSqlDatabase<PgClient>;
export function nodePostgres<Client extends PgPoolClient>(pool: PgPool<Client>): SqlDatabase<Client>;
export function nodePostgres<Client extends PgClient>(client: Client): SqlDatabase<Client>;
export function nodePostgres(
  given: string | PgPool<PgPoolClient> | PgClient,
): OwnedSqlDatabase<PgClient> | SqlDatabase<PgPoolClient> | SqlDatabase<PgClient> {
  if (typeof given === 'string') return ownedDatabase(given);
  const { connect, query, totalCount } = (given ?? {}) as Partial<PgPool<PgPoolClient> & PgClient>;
  if (typeof connect === 'function' && typeof totalCount === 'number') {
    survive(given as PgPool<PgPoolClient>);
    return pooledDatabase(given as PgPool<PgPoolClient>);
  }
  if (typeof query === 'function' && typeof (given as Partial<PgClient>).off === 'function') {
    return clientDatabase(given as PgClient);
  }
  const allowed = 'a connection string, or a Pool or a connected Client of pg';
  throw new InvalidOptionError({ option: 'database', given, allowed });
}

function ownedDatabase(connectionString: string): OwnedSqlDatabase<PgClient> {
  if (!/^(?:postgres(?:ql)?|socket):/.test(connectionString)) {
    const allowed = 'a connection string such as postgres://user:password@host:5432/database';
    // it may hold a password
    throw new InvalidOptionError({ option: 'database', given: 'another text', allowed });
  }
  let opening: Promise<OwnPool> | undefined;
  const opened = async (): Promise<OwnPool> => (opening ??= newPool(connectionString));
  const database = pooledDatabase({
    connect: async () => (await opened()).connect(),
  }) as SqlDatabase<PgClient>;
  let ended: Promise<void> | undefined;
  const close = async (): Promise<void> => (ended ??= opened().then(async (pool) => pool.end()));
  return { ...database, close, [Symbol.asyncDispose]: close };
}

/** The driver is loaded when it is needed: it is an optional peer. */
async function newPool(connectionString: string): Promise<OwnPool> {
  const { Pool } = await loadPg();
  const pool = new Pool({ connectionString, connectionTimeoutMillis: CONNECT_TIMEOUT_MS, keepAlive: true });
  survive(pool);
  return pool;
}

interface PgModule {
  readonly Pool: new (options: object) => OwnPool;
}

async function loadPg(): Promise<PgModule> {
  try {
    const loaded = (await import('pg')) as unknown as { readonly default: PgModule };
    return loaded.default;
  } catch (cause) {
    throw new DriverNotInstalledError({ driver: 'pg' }, { cause });
  }
}

function pooledDatabase<Client extends PgPoolClient>(
  pool: Pick<PgPool<Client>, 'connect'>,
): SqlDatabase<Client> {
  const transactionWith = async <R>(begin: string, work: (tx: Client) => Promise<R>): Promise<R> => {
    const client = await pool.connect();
    let isBroken = false;
    // the pool listens to idle clients only: without a listener, a lost connection would end the process
    const noteBreak = (): void => void (isBroken = true);
    client.on('error', noteBreak);
    try {
      return await runTransaction(client, { begin, work, noteBreak });
    } finally {
      client.off('error', noteBreak);
      client.release(isBroken);
    }
  };
  return {
    transaction: async (work) => transactionWith('begin', work),
    transactionWith: async (statement, work) => transactionWith(`begin; ${statement}`, work),
    query: preparedQuery(),
  };
}

function clientDatabase<Client extends PgClient>(client: Client): SqlDatabase<Client> {
  survive(client);
  let queue: Promise<unknown> = Promise.resolve();
  const transactionWith = async <R>(begin: string, work: (tx: Client) => Promise<R>): Promise<R> => {
    const done = queue.then(async () => runTransaction(client, { begin, work, noteBreak: () => undefined }));
    queue = done.catch(() => undefined);
    return done;
  };
  return {
    transaction: async (work) => transactionWith('begin', work),
    transactionWith: async (statement, work) => transactionWith(`begin; ${statement}`, work),
    query: preparedQuery(),
  };
}

function preparedQuery<Client extends PgClient>(): SqlDatabase<Client>['query'] {
  const statements = new PreparedStatements();
  return async (client, sql, parameters) => {
    try {
      return (await client.query<Record<string, unknown>>(statements.statement(sql, parameters))).rows;
    } catch (error) {
      statements.failed(error);
      throw error;
    }
  };
}

interface TransactionParts<Client, R> {
  readonly begin: string;
  readonly work: (tx: Client) => Promise<R>;
  /** Called when the connection cannot be used any more. */
  readonly noteBreak: () => void;
}

async function runTransaction<Client extends PgClient, R>(
  client: Client,
  { begin, work, noteBreak }: TransactionParts<Client, R>,
): Promise<R> {
  try {
    await client.query(begin);
    const result = await work(client);
    const { command } = await client.query('commit');
    if (command === 'ROLLBACK') throw new TransactionRolledBackError();
    return result;
  } catch (error) {
    // after a failed commit as well: then it is a warning of the server, or shows that the connection is lost
    await client.query('rollback').catch(noteBreak);
    throw error;
  }
}

const SURVIVING = new WeakSet<object>();

/** A connection that is lost while nobody uses it is an event of the pool: unheard, it ends the process. */
function survive(emitter: Pick<PgClient, 'on'>): void {
  if (SURVIVING.has(emitter)) return;
  SURVIVING.add(emitter);
  emitter.on('error', () => undefined);
}
