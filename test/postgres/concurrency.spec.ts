import { postgresProjectionStore } from '../../src/postgres/postgres-projection-store.js';
import type { Checkpoint } from '../../src/projection/store/checkpoint.js';
import { positionOf } from '../../src/event/position.js';
import type { ProjectionStore } from '../../src/projection/store/projection-store.js';
import { describeOn, POSTGRES, type SqlTx, type TestDatabase } from '../support/postgres/sql-databases.js';

const model = { projection: 'orders', version: 1, build: 1 };
const first: Checkpoint = {
  ...model,
  lane: 0,
  lanes: 1,
  epoch: 1,
  storeIdentity: 'identity',
  position: undefined,
  commitId: undefined,
  start: undefined,
  caughtUp: false,
};

/** What one side waits for, and the other side lets it go on by. */
function gate(): { readonly opened: Promise<void>; open(): void } {
  const { promise, resolve } = withResolvers();
  return { opened: promise, open: resolve };
}

function withResolvers(): { promise: Promise<void>; resolve: () => void } {
  let resolve = (): void => undefined;
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}

// PGlite has one connection: transactions on it never meet
describeOn(POSTGRES, 'two connections', () => {
  let db: TestDatabase;
  let store: ProjectionStore<SqlTx>;
  let elsewhere: ProjectionStore<SqlTx>;

  beforeAll(async () => {
    db = await POSTGRES.open();
  });
  beforeEach(async () => {
    await db.reset();
    store = postgresProjectionStore(db.database, { schemas: false });
    elsewhere = postgresProjectionStore(db.database, { schemas: false });
    await store.transact(undefined, async () => undefined);
  });
  afterAll(() => db.close());

  /** Resolves when so many sessions of this database wait for a lock. */
  async function waiting(count = 1): Promise<void> {
    for (;;) {
      const [row] = await db.query(
        `select count(*)::int as n from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
      );
      if (Number(row?.['n']) >= count) return;
    }
  }

  /** Holds a transaction open after `work` until it is let go. */
  async function hold(
    side: ProjectionStore<SqlTx>,
    work: Parameters<typeof store.transact>[1],
  ): Promise<{ letGo(): Promise<unknown> }> {
    const done = gate();
    const end = gate();
    const transaction = side.transact(undefined, async (parts) => {
      await work(parts);
      done.open();
      await end.opened;
    });
    await Promise.race([done.opened, transaction]);
    return {
      letGo: async () => {
        end.open();
        return transaction;
      },
    };
  }

  it('that claim one checkpoint at the same time get two epochs, one after the other', async () => {
    await store.transact(undefined, ({ checkpoints }) => checkpoints.replace(undefined, first));
    const claim = async (side: ProjectionStore<SqlTx>): Promise<number> => {
      for (;;) {
        const epoch = await side.transact(undefined, async ({ checkpoints }) => {
          const found = (await checkpoints.find(first)) as Checkpoint;
          const next = { ...found, epoch: found.epoch + 1 };
          return (await checkpoints.replace(found, next)) ? next.epoch : undefined;
        });
        if (epoch !== undefined) return epoch;
      }
    };
    const epochs = await Promise.all([store, elsewhere, store, elsewhere].map(claim));
    expect(epochs.toSorted((a, b) => a - b)).toEqual([2, 3, 4, 5]);
  });

  it('that move one checkpoint wait for each other, and the second one is refused', async () => {
    await store.transact(undefined, ({ checkpoints }) => checkpoints.replace(undefined, first));
    const next = { ...first, position: positionOf(1, 0), commitId: 'a' };
    const held = await hold(store, ({ checkpoints }) => checkpoints.replace(first, next));
    const second = elsewhere.transact(undefined, ({ checkpoints }) => checkpoints.replace(first, next));
    await waiting();
    await held.letGo();
    expect(await second).toBe(false);
  });

  it('that make the first checkpoint wait for each other, and the second one is refused', async () => {
    const held = await hold(store, ({ checkpoints }) => checkpoints.replace(undefined, first));
    const second = elsewhere.transact(undefined, ({ checkpoints }) => checkpoints.replace(undefined, first));
    await waiting();
    await held.letGo();
    expect(await second).toBe(false);
  });

  it('cannot move a checkpoint that the other one has listed', async () => {
    await store.transact(undefined, ({ checkpoints }) => checkpoints.replace(undefined, first));
    const held = await hold(store, ({ checkpoints }) => checkpoints.list(model));
    const order: string[] = [];
    const second = elsewhere
      .transact(undefined, ({ checkpoints }) => checkpoints.replace(first, { ...first, epoch: 2 }))
      .then((isDone) => order.push(`moved ${String(isDone)}`));
    await waiting();
    order.push('let go');
    await held.letGo();
    await second;
    expect(order).toEqual(['let go', 'moved true']);
  });

  it('cannot switch the models that the other one has listed', async () => {
    const side = postgresProjectionStore(db.database);
    const other = postgresProjectionStore(db.database);
    await side.transact(undefined, async ({ models }) => models?.create(model));
    const held = await hold(side, async ({ models }) => models?.list('orders'));
    const second = other.transact(undefined, async ({ models }) => models?.serve(model));
    await waiting();
    await held.letGo();
    await second;
    const listed = await side.transact(undefined, async ({ models }) => models?.list('orders'));
    expect(listed).toEqual([{ ...model, state: 'serving' }]);
  });

  it('can create one model at the same time, each in its first transaction of it', async () => {
    const sides = Array.from({ length: 4 }, () => postgresProjectionStore(db.database));
    const paths = await Promise.all(
      sides.map(async (side) =>
        side.transact(model, async ({ tx, models }) => {
          await models?.create(model);
          const { rows } = await tx.query<{ path: string }>(`select current_schema() as path`);
          return rows[0]?.path;
        }),
      ),
    );
    expect(paths).toEqual(['orders_v1', 'orders_v1', 'orders_v1', 'orders_v1']);
  });

  it('switch views only when a reader of the old ones is done, and give up soon when it is not', async () => {
    const side = postgresProjectionStore(db.database);
    const next = { ...model, version: 2 };
    for (const each of [model, next]) {
      await side.transact(each, async ({ tx, models }) => {
        await models?.create(each);
        await tx.query(`create table totals as select ${each.version} as total`);
      });
    }
    const serve = async (each: typeof model): Promise<unknown> =>
      side.transact(undefined, async ({ models }) => models?.serve(each));
    await serve(model);
    const reader = await hold(store, ({ tx }) => tx.query('select * from totals'));
    const error: unknown = await serve(next).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: '55P03' });
    expect(side.isTransient?.(error)).toBe(true);
    expect(await db.query('select * from totals')).toEqual([{ total: 1 }]);
    const switched = serve(next);
    await waiting();
    await reader.letGo();
    await switched;
    expect(await db.query('select * from totals')).toEqual([{ total: 2 }]);
  });

  describe('that load the same rows with a lock', () => {
    const place = { table: 'sums', keyColumn: 'id' };

    beforeEach(async () => {
      await db.query('create table sums (id text primary key, n int)');
    });

    async function add(
      side: ProjectionStore<SqlTx>,
      keys: string[],
      loaded?: () => Promise<void>,
    ): Promise<void> {
      await side.transact(undefined, async ({ tx }) => {
        const rows = await side.rows?.load(tx, { ...place, keys, lock: true });
        await loaded?.();
        const upserts = keys.map((id) => ({ id, n: Number(rows?.get(id)?.['n'] ?? 0) + 1 }));
        await side.rows?.save(tx, { ...place, upserts, deletes: [] });
      });
    }

    it('wait for each other where no row exists yet, and lose no change', async () => {
      const isLoaded = gate();
      const goOn = gate();
      const slow = add(store, ['a', 'b'], async () => {
        isLoaded.open();
        await goOn.opened;
      });
      await isLoaded.opened;
      const second = add(elsewhere, ['b', 'c']);
      await waiting();
      goOn.open();
      await Promise.all([slow, second]);
      expect(await db.query('select * from sums order by id')).toEqual([
        { id: 'a', n: 1 },
        { id: 'b', n: 2 },
        { id: 'c', n: 1 },
      ]);
    });

    it('do not wait for rows of other keys, other tables or other models', async () => {
      const held = await hold(
        store,
        ({ tx }) => store.rows?.load(tx, { ...place, keys: ['a'], lock: true }) as never,
      );
      await add(elsewhere, ['b']);
      await db.query('create table others (id text primary key, n int)');
      await elsewhere.transact(undefined, async ({ tx }) =>
        elsewhere.rows?.load(tx, { ...place, table: 'others', keys: ['a'], lock: true }),
      );
      const side = postgresProjectionStore(db.database);
      await side.transact(model, async ({ tx, models }) => {
        await models?.create(model);
        await tx.query('create table sums (id text primary key, n int)');
      });
      await side.transact(model, async ({ tx }) =>
        side.rows?.load(tx, { ...place, keys: ['a'], lock: true }),
      );
      expect(await db.query('select id from sums')).toEqual([{ id: 'b' }]);
      await held.letGo();
    });

    it('do not deadlock, in whatever order they name the rows, and lose no change', async () => {
      const keys = Array.from({ length: 20 }, (_, index) => `k${index}`);
      const rounds = Array.from({ length: 10 }, async () =>
        Promise.all([add(store, keys), add(elsewhere, keys.toReversed())]),
      );
      await Promise.all(rounds);
      expect(await db.query('select distinct n from sums')).toEqual([{ n: 20 }]);
    });
  });
});
