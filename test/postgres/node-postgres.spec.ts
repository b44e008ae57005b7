import { jest } from '@jest/globals';
import pg from 'pg';
import { nodePostgres, type OwnedSqlDatabase, type PgClient } from '../../src/postgres/node-postgres.js';
import { postgresProjectionStore } from '../../src/postgres/postgres-projection-store.js';
import type { SqlDatabase } from '../../src/postgres/sql-database.js';
import { isTransientError } from '../../src/postgres/transient-errors.js';
import { newDatabase, ownPostgres } from '../support/postgres/postgres-server.js';
import { databaseUrl, describeOn, POSTGRES } from '../support/postgres/sql-databases.js';
import { TcpProxy } from '../support/tcp-proxy.js';

/** The same database by way of a proxy. */
function through(proxy: TcpProxy, url: string): string {
  const changed = new URL(url);
  changed.hostname = '127.0.0.1';
  changed.port = String(proxy.port);
  return changed.href;
}

async function values(database: SqlDatabase<PgClient>): Promise<unknown[]> {
  return database.transaction(async (tx) => {
    const rows = await database.query(tx, 'select n from t order by n', []);
    return rows.map(({ n }) => n);
  });
}

async function insert<Tx>(database: SqlDatabase<Tx>, n: number): Promise<void> {
  await database.transaction(async (tx) => {
    await database.query(tx, 'insert into t values ($1)', [n]);
  });
}

/** The error that a promise rejects with. */
async function errorOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => 'it did not reject',
    (error: unknown) => error,
  );
}

describeOn(POSTGRES, 'nodePostgres', () => {
  let url: string;
  let database: OwnedSqlDatabase<PgClient>;

  beforeAll(async () => {
    url = await databaseUrl();
  });
  beforeEach(async () => {
    database = nodePostgres(url);
    await database.transaction(async (tx) => {
      await tx.query('drop table if exists t');
      await tx.query('create table t (n int primary key)');
    });
  });
  afterEach(() => database.close());

  it('takes a pool, a client and a connection string', async () => {
    const pool = new pg.Pool({ connectionString: url });
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    await insert(nodePostgres(pool), 1);
    await insert(nodePostgres(client), 2);
    await insert(database, 3);
    expect(await values(database)).toEqual([1, 2, 3]);
    await client.end();
    await pool.end();
  });

  describe('prepares what it is asked for again', () => {
    let pool: pg.Pool;
    let single: SqlDatabase<pg.PoolClient>;

    beforeEach(() => {
      pool = new pg.Pool({ connectionString: url, max: 1 });
      single = nodePostgres(pool);
    });
    afterEach(() => pool.end());

    const prepared = async (): Promise<unknown> => {
      const sql = `select count(*)::int as count from pg_prepared_statements where statement like 'insert into t%'`;
      return (await pool.query<{ count: number }>(sql)).rows[0]?.count;
    };

    it('so that the server plans a statement once for each connection', async () => {
      await insert(single, 1);
      await insert(single, 2);
      expect(await prepared()).toBe(1);
    });

    it('finds tables by the search path of the transaction', async () => {
      await pool.query('drop schema if exists other cascade; create schema other');
      await pool.query('create table other.t (n int primary key)');
      await insert(single, 1);
      await single.transaction(async (tx) => {
        await tx.query('set local search_path = other');
        await single.query(tx, 'insert into t values ($1)', [2]);
      });
      expect(await values(database)).toEqual([1]);
      expect((await pool.query('select n from other.t')).rows).toEqual([{ n: 2 }]);
      await pool.query('drop schema other cascade');
    });

    it('but stops that when a pooler loses its statements, after one transient error', async () => {
      await insert(single, 1);
      await pool.query('deallocate all');
      expect(isTransientError(await errorOf(insert(single, 2)))).toBe(true);
      await insert(single, 2);
      await insert(single, 3);
      expect(await prepared()).toBe(0);
      expect(await values(database)).toEqual([1, 2, 3]);
    });
  });

  it('rolls back and passes the error on when the work rejects', async () => {
    const error = new TypeError('no');
    const failing = database.transaction(async (tx) => {
      await tx.query('insert into t values (1)');
      throw error;
    });
    expect(await errorOf(failing)).toBe(error);
    expect(await values(database)).toEqual([]);
  });

  it('rejects when the server rolls back at the commit, since an error was caught', async () => {
    const swallowing = database.transaction(async (tx) => {
      await tx.query('insert into t values (1)');
      await tx.query('select 1 / 0').catch(() => undefined);
    });
    await expect(swallowing).rejects.toMatchObject({
      code: 'transaction-rolled-back',
      outcome: 'not-applied',
    });
    expect(await values(database)).toEqual([]);
  });

  it('runs a statement together with the begin, and fails as it fails', async () => {
    const path = await database.transactionWith?.(`select set_config('search_path', 'x', true)`, async (tx) =>
      database.query(tx, `select current_setting('search_path') as path`, []),
    );
    expect(path).toEqual([{ path: 'x' }]);
    const work = jest.fn(async () => undefined);
    await expect(database.transactionWith?.('select 1 / 0', work)).rejects.toMatchObject({ code: '22012' });
    expect(work).not.toHaveBeenCalled();
    expect(await values(database)).toEqual([]);
  });

  it('runs the transactions of one client one after the other', async () => {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    const single = nodePostgres(client);
    const failing = single.transaction(async (tx) => {
      await tx.query('insert into t values (1)');
      throw new TypeError('no');
    });
    await Promise.all([expect(failing).rejects.toThrow('no'), insert(single, 2), insert(single, 3)]);
    expect(await values(database)).toEqual([2, 3]);
    await client.end();
  });

  it('survives lost connections of a pool that is idle, and of a client in a transaction', async () => {
    const pool = new pg.Pool({ connectionString: url, max: 1 });
    const pooled = nodePostgres(pool);
    const terminate = async (pid: unknown): Promise<void> => {
      await database.transaction(async (tx) => tx.query('select pg_terminate_backend($1)', [pid]));
    };
    const removed = new Promise((resolve) => pool.once('remove', resolve));
    await terminate(await pooled.transaction(async (tx) => pidOf(tx)));
    await removed;
    await insert(pooled, 1);
    const error = await errorOf(
      pooled.transaction(async (tx) => {
        const lost = new Promise((resolve) => tx.once('end', resolve));
        await terminate(await pidOf(tx));
        await lost;
        await tx.query('insert into t values (2)');
      }),
    );
    expect(isTransientError(error)).toBe(true);
    // the pool has no broken client: the next one is new
    await insert(pooled, 3);
    expect(await values(database)).toEqual([1, 3]);
    await pool.end();
  });

  it('rejects when the connection breaks during the commit, and the next transaction works', async () => {
    await using proxy = await TcpProxy.to(Number(new URL(url).port));
    await using broken = nodePostgres(through(proxy, url));
    const committing = broken.transaction(async (tx) => {
      await tx.query('insert into t values (1)');
      const query = tx.query.bind(tx);
      // the commit arrives, its answer does not
      jest.spyOn(tx, 'query').mockImplementationOnce((async (sql: string) => {
        proxy.deafen();
        const answer = query(sql);
        await committed(1);
        proxy.cut();
        return answer;
      }) as never);
    });
    expect(isTransientError(await errorOf(committing))).toBe(true);
    expect(await values(database)).toEqual([1]);
    await insert(broken, 2);
    expect(await values(broken)).toEqual([1, 2]);
  });

  it('gives a full pool up', async () => {
    const pool = new pg.Pool({ connectionString: url, max: 1, connectionTimeoutMillis: 1_000 });
    const pooled = nodePostgres(pool);
    await pooled.transaction(async () => {
      expect(isTransientError(await errorOf(insert(pooled, 1)))).toBe(true);
    });
    await insert(pooled, 2);
    await pool.end();
  });

  it('rejects while the server is not there', async () => {
    await using proxy = await TcpProxy.to(Number(new URL(url).port));
    proxy.refuse();
    await using refused = nodePostgres(through(proxy, url));
    expect(isTransientError(await errorOf(insert(refused, 1)))).toBe(true);
    proxy.accept();
    await insert(refused, 1);
    expect(await values(refused)).toEqual([1]);
  });

  it('closes its own connections once, and refuses later transactions', async () => {
    await using own = nodePostgres(url);
    await insert(own, 1);
    await Promise.all([own.close(), own.close()]);
    await expect(insert(own, 2)).rejects.toThrow('after calling end');
  });

  /** Resolves when the row is there. */
  async function committed(n: number): Promise<void> {
    while (!(await values(database)).includes(n));
  }

  async function pidOf(tx: PgClient): Promise<unknown> {
    return (await tx.query('select pg_backend_pid() as pid')).rows[0]?.['pid'];
  }
});

describeOn(POSTGRES, 'a server that is started again', () => {
  it('is waited for, and its checkpoints are as they were committed', async () => {
    const server = await ownPostgres();
    const { url } = await newDatabase(server);
    await using database = nodePostgres(url);
    const store = postgresProjectionStore(database);
    const model = { projection: 'orders', version: 1, build: 1 };
    await store.transact(model, async ({ models, tx }) => {
      await models?.create(model);
      await tx.query('create table t (n int)');
    });
    const add = async (n: number): Promise<unknown> =>
      store.transact(model, ({ tx }) => tx.query('insert into t values ($1)', [n]));
    await add(1);
    const error = await errorOf(
      store.transact(model, async ({ tx }) => {
        await tx.query('insert into t values (2)');
        await server.restart();
        await tx.query('insert into t values (3)');
      }),
    );
    expect(store.isTransient?.(error)).toBe(true);
    await add(4);
    const rows = await store.transact(model, ({ tx }) => tx.query('select n from t order by n'));
    expect(rows.rows).toEqual([{ n: 1 }, { n: 4 }]);
    server.stop();
  }, 60_000);
});

describe('nodePostgres', () => {
  it.each([
    ['nothing', undefined],
    ['an object', {}],
    ['a text that is no connection string', 'localhost'],
    ['a number', 5432],
  ])('refuses %s', (_, given) => {
    expect(() => nodePostgres(given as never)).toThrow(
      expect.objectContaining({ code: 'invalid-option' }) as Error,
    );
  });

  it('does not show the text that it refuses, which may hold a password', () => {
    expect(() => nodePostgres('http://user:secret@host')).toThrow(/^(?!.*secret)/);
  });
});

describe('a transient error', () => {
  it.each([
    ['a lost connection', { code: '08006' }, true],
    ['a deadlock', { code: '40P01' }, true],
    ['a serialization failure', { code: '40001' }, true],
    ['too many connections', { code: '53300' }, true],
    ['a server that stops', { code: '57P01' }, true],
    ['a server that starts', { code: '57P03' }, true],
    ['a lock that was not to be had', { code: '55P03' }, true],
    ['a refused connection', { code: 'ECONNREFUSED' }, true],
    ['a connection that was reset', { code: 'ECONNRESET' }, true],
    ['a missing socket file', { code: 'ENOENT', syscall: 'connect' }, true],
    ['a terminated connection', new Error('Connection terminated unexpectedly'), true],
    ['one that is the cause of another', new Error('x', { cause: { cause: { code: '40001' } } }), true],
    ['a cancelled statement', { code: '57014' }, false],
    ['a violated constraint', { code: '23505' }, false],
    ['a wrong statement', { code: '42601' }, false],
    ['a missing file', { code: 'ENOENT', syscall: 'open' }, false],
    ['an error of a handler', new TypeError('no'), false],
    ['a text', '40001', false],
    ['nothing', undefined, false],
  ])('is told from others: %s', (_, error, expected) => {
    expect(isTransientError(error)).toBe(expected);
  });

  it('is looked for in causes that go round in a circle', () => {
    const error = new Error('a');
    error.cause = error;
    expect(isTransientError(error)).toBe(false);
  });
});
