import { streamName } from '../../src/event/stream-name.js';
import type { Position } from '../../src/event/position.js';
import { Event } from '../../src/event/event-type.js';
import type { StoredCommit } from '../../src/event/commit.js';
import { transactionPartOf } from '../../src/event/transaction-part.js';
import { defineProjection } from '../../src/projection/definition/define-projection.js';
import { wholeTransactions } from '../../src/projection/run/whole-transactions.js';
import type { ProjectionStore } from '../../src/projection/store/projection-store.js';
import { Projections } from '../../src/projection/projections.js';
import { inMemoryProjectionStore } from '../../src/testing/in-memory/in-memory-projection-store.js';
import { type ProjectionLog, projectionLog } from './projection-log.js';
import { inState, quick } from './projection-bench.js';

@Event('Moved')
class Moved {
  constructor(
    readonly transfer: number,
    readonly amount: number,
  ) {}
}

type Sums = Map<string, number>;
const PARTS = 3;

let log: ProjectionLog;
let database: ReturnType<typeof inMemoryProjectionStore<Sums>>;
/** The sum of each model that was committed: 0 unless a transfer is cut. */
let committed: number[];
let store: ProjectionStore<Sums>;

beforeEach(() => {
  log = projectionLog([Moved]);
  database = inMemoryProjectionStore<Sums>(new Map());
  committed = [];
  store = {
    transact: async (model, work) => {
      const result = await database.transact(model, work);
      committed.push([...database.model.values()].reduce((sum, each) => sum + each, 0));
      return result;
    },
  };
});

/** Three accounts whose amounts add up to 0; the last one is in another category. */
async function transfer(n: number): Promise<Position> {
  const amounts = [n, n, -2 * n];
  const { entries } = await log.transact(
    amounts.map((amount, part) => ({
      stream: streamName(part === PARTS - 1 ? 'bank' : 'account', `${part}`),
      events: [new Moved(n, amount)],
    })),
  );
  // of the last part but one: the last one is in the other category
  return entries[PARTS - 2]?.position as Position;
}

function sums(
  categories: readonly string[] | undefined,
  failing: (transfer: number) => boolean = () => false,
): Projections {
  const definition = defineProjection<Sums, { Moved: typeof Moved }>({
    name: 'sums',
    store,
    categories,
    clear: async (model) => model.clear(),
    events: { Moved },
    on: {
      Moved: async ({ data, stream }, model) => {
        if (data.amount < 0 && failing(data.transfer)) throw new TypeError('no');
        model.set(stream.toString(), (model.get(stream.toString()) ?? 0) + data.amount);
      },
    },
  });
  return new Projections(log, [definition]);
}

describe('the parts of a transaction', () => {
  it.each([1, 2, 3, 4, 5, 7])('reach the model together with batches of %i commits', async (maxBatch) => {
    log.maxBatch = maxBatch;
    await log.append('account/0', [new Moved(0, 0)]);
    for (let n = 1; n <= 5; n += 1) await transfer(n);
    await using projections = sums(undefined);
    await projections.start();
    await projections.waitUntilLive(quick);
    await projections.waitFor('sums', await transfer(6), quick);
    expect(new Set(committed)).toEqual(new Set([0]));
    expect(database.model.get('account/0')).toBe(21);
  });

  it.each([1, 2, 500])('are all left out when a handler fails inside, in batches of %i', async (maxBatch) => {
    log.maxBatch = maxBatch;
    let fails = true;
    await log.append('account/0', [new Moved(0, 0)]);
    await transfer(1);
    await transfer(2);
    await using projections = sums(undefined, (n) => fails && n === 2);
    await projections.start();
    await inState(projections, 'failed');
    expect(new Set(committed)).toEqual(new Set([0]));
    expect(database.checkpoint('sums')?.position).toBe('4.0');
    fails = false;
    await projections.start();
    await projections.waitUntilLive(quick);
    expect(database.model.get('bank/2')).toBe(-6);
  });

  it.each([1, 2, 3])(
    'that are of other categories are not waited for, in batches of %i',
    async (maxBatch) => {
      log.maxBatch = maxBatch;
      await using projections = sums(['account']);
      await projections.start();
      await projections.waitFor('sums', await transfer(1), quick);
      await projections.waitFor('sums', await transfer(2), quick);
      await projections.waitUntilLive(quick);
      // whole transfers have an even sum: n + n
      expect(new Set(committed)).toEqual(new Set([0, 2, 6]));
    },
  );

  it('that were removed are not waited for', async () => {
    log.maxBatch = 1;
    await transfer(1);
    log.remove(3);
    await using projections = sums(undefined);
    await projections.start();
    await projections.waitUntilLive(quick);
    expect(database.model.get('account/1')).toBe(1);
  });

  it('whose rest the log has lost are applied after a while', async () => {
    await transfer(1);
    log.restore(2);
    await using projections = sums(undefined);
    await projections.start();
    await projections.waitUntilLive({ timeoutMs: 15_000 });
    expect(database.model.get('account/1')).toBe(1);
  }, 20_000);
});

describe('a cut of commits', () => {
  const commit = (id: string | undefined, part = 1, of = 1): StoredCommit =>
    ({ metadata: id === undefined ? {} : { transaction: { id, part, of } } }) as never;
  const list = [
    commit('a', 1, 2),
    commit('a', 2, 2),
    commit(undefined),
    commit('b', 2, 4),
    commit('b', 3, 4),
  ];

  it.each([
    [0, 0],
    [1, 0],
    [2, 2],
    [3, 3],
    [4, 3],
    [5, 3],
  ])('after %i leaves the %i before the transaction', (count, whole) => {
    expect(wholeTransactions(list, count)).toBe(whole);
  });

  it('goes after a transaction whose last parts do not come', () => {
    expect(wholeTransactions([...list, commit('c', 1, 2)], 5)).toBe(5);
    expect(wholeTransactions([...list, commit(undefined)])).toBe(6);
    expect(wholeTransactions([commit('a', 1, 2)])).toBe(0);
  });

  it('takes metadata that make no sense for none', () => {
    for (const transaction of [
      null,
      1,
      { id: 1 },
      { id: 'a', part: 3, of: 2 },
      { id: 'a', part: 1, of: 1 },
    ]) {
      expect(transactionPartOf({ metadata: { transaction } as never })).toBeUndefined();
    }
  });
});
