import { mapBounded } from '../../src/kernel/map-bounded.js';
import { rejection } from '../support/collect.js';

const tick = async (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('mapBounded', () => {
  it('gives results in the order of the items, however long each takes', async () => {
    const task = async (item: number): Promise<number> => {
      for (let ticks = 0; ticks < 5 - item; ticks += 1) await tick();
      return item * 10;
    };
    expect(await mapBounded([1, 2, 3, 4], task, { width: 3 })).toEqual([10, 20, 30, 40]);
    expect(await mapBounded([], task, { width: 3 })).toEqual([]);
  });

  it('runs no more tasks at a time than the width', async () => {
    let running = 0;
    let most = 0;
    const task = async (): Promise<void> => {
      running += 1;
      most = Math.max(most, running);
      await tick();
      running -= 1;
    };
    await mapBounded(Array.from({ length: 50 }), task, { width: 4 });
    expect(most).toBe(4);
  });

  it('throws the first failure when the rest has ended, and lets the source go', async () => {
    let ended = 0;
    let released = false;
    async function* source(): AsyncGenerator<number> {
      try {
        for (let item = 0; ; item += 1) yield item;
      } finally {
        released = true;
      }
    }
    const task = async (item: number): Promise<void> => {
      await tick();
      if (item === 3) throw new TypeError('third');
      await tick();
      ended += 1;
    };
    expect(await rejection(mapBounded(source(), task, { width: 3 }))).toMatchObject({ message: 'third' });
    expect(released).toBe(true);
    const endedThen = ended;
    await tick();
    expect(ended).toBe(endedThen);
  });

  it('fails with what the source throws', async () => {
    function* source(): Generator<number> {
      yield 1;
      throw new TypeError('torn page');
    }
    const error = await rejection(mapBounded(source(), async (item) => item, { width: 2 }));
    expect(error).toMatchObject({ message: 'torn page' });
  });

  it('takes nothing more once its signal has aborted', async () => {
    const controller = new AbortController();
    const taken: number[] = [];
    const task = async (item: number): Promise<void> => {
      taken.push(item);
      if (item === 2) controller.abort(new TypeError('enough'));
    };
    const error = await rejection(mapBounded([1, 2, 3, 4], task, { width: 1, signal: controller.signal }));
    expect(error).toMatchObject({ message: 'enough' });
    expect(taken).toEqual([1, 2]);
  });
});
