import type { Checkpoint } from '../../src/projection/store/checkpoint.js';
import { inMemoryProjectionStore } from '../../src/testing/in-memory/in-memory-projection-store.js';
import { positionOf } from '../../src/event/position.js';

const key = { projection: 'sums', version: 1, build: 1, lane: 0 };
const first: Checkpoint = {
  ...key,
  lanes: 1,
  caughtUp: false,
  epoch: 1,
  storeIdentity: 'identity',
  position: positionOf(1, 0),
  commitId: 'c',
  start: undefined,
};

describe('inMemoryProjectionStore', () => {
  it('commits model and checkpoint together', async () => {
    const store = inMemoryProjectionStore(new Map<string, number>());
    const result = await store.transact(undefined, async ({ tx: model, checkpoints }) => {
      model.set('ada', 1);
      await checkpoints.replace(undefined, first);
      expect(store.model.size).toBe(0);
      expect(store.checkpoint('sums')).toBeUndefined();
      return 'done';
    });
    expect(result).toBe('done');
    expect([...store.model]).toEqual([['ada', 1]]);
    expect(store.checkpoint('sums')).toEqual(first);
  });

  it('writes neither when the work fails, and passes its error on', async () => {
    const store = inMemoryProjectionStore({ orders: [] as string[] });
    const error = new TypeError('no');
    const failing = store.transact(undefined, async ({ tx: model, checkpoints }) => {
      model.orders.push('1');
      await checkpoints.replace(undefined, first);
      throw error;
    });
    await expect(failing).rejects.toBe(error);
    expect(store.model).toEqual({ orders: [] });
    expect(store.checkpoint('sums')).toBeUndefined();
    await store.transact(undefined, async ({ tx: model }) => model.orders.push('2'));
    expect(store.model).toEqual({ orders: ['2'] });
  });

  it('runs one transaction after the other', async () => {
    const store = inMemoryProjectionStore({ count: 0 });
    const add = async ({ tx: model }: { tx: { count: number } }): Promise<void> => {
      const { count } = model;
      await Promise.resolve();
      model.count = count + 1;
    };
    await Promise.all([
      store.transact(undefined, add),
      store.transact(undefined, add),
      store.transact(undefined, add),
    ]);
    expect(store.model.count).toBe(3);
  });

  it('replaces a checkpoint only where epoch and position are as expected, in each lane and version', async () => {
    const store = inMemoryProjectionStore({});
    const replace = (previous: Checkpoint | undefined, next: Checkpoint): Promise<boolean> =>
      store.transact(undefined, ({ checkpoints }) => checkpoints.replace(previous, next));
    expect(await replace(first, first)).toBe(false);
    expect(await replace(undefined, first)).toBe(true);
    expect(await replace(undefined, first)).toBe(false);
    expect(await replace({ ...first, epoch: 2 }, { ...first, epoch: 3 })).toBe(false);
    expect(await replace({ ...first, position: undefined }, { ...first, epoch: 3 })).toBe(false);
    for (const other of [{ lane: 1 }, { version: 2 }]) {
      expect(await replace(undefined, { ...first, ...other, epoch: 5 })).toBe(true);
      expect(store.checkpoint('sums', other)?.epoch).toBe(5);
    }
    expect(store.checkpoint('sums')).toEqual(first);
  });

  it('has copies that do not change with it', async () => {
    const store = inMemoryProjectionStore(new Set(['a']));
    const copy = store.copy();
    await store.transact(undefined, async ({ tx: model, checkpoints }) => {
      model.add('b');
      await checkpoints.replace(undefined, first);
    });
    expect([...copy.model]).toEqual(['a']);
    expect(copy.checkpoint('sums')).toBeUndefined();
    expect(store.copy().checkpoint('sums')).toEqual(first);
  });

  it('refuses a model that is no object', () => {
    expect(() => inMemoryProjectionStore(7 as never)).toThrow('model must be an object');
  });
});
