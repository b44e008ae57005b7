import { getEventListeners } from 'node:events';
import type { Position } from '../../src/event/position.js';
import { streamName } from '../../src/event/stream-name.js';
import type { ProjectionLog } from './projection-log.js';
import type { FaultyProjectionStore } from './faulty-projection-store.js';
import { OrderPlaced, sums } from './orders.js';
import { ProjectionBench, errorOf, quick } from './projection-bench.js';

let bench: ProjectionBench;
let log: ProjectionLog;
let store: FaultyProjectionStore;

beforeEach(() => {
  bench = new ProjectionBench();
  ({ log, store } = bench);
});

afterEach(() => bench.stop());

describe('waitFor', () => {
  it('returns at once for a processed position, and for an empty append', async () => {
    const projections = bench.projections(sums(store));
    const { position } = await bench.place('ada');
    await projections.waitFor('sums', undefined);
    await projections.start();
    await projections.waitUntilLive(quick);
    await expect(projections.waitFor('sums', position, { timeoutMs: 0 })).resolves.toBeUndefined();
  });

  it('times out naming the position and the projection’s own', async () => {
    const projections = await bench.started(sums(store));
    await bench.place('ada');
    await projections.waitUntilLive(quick);
    const error = await errorOf(projections.waitFor('sums', '9.0' as never, { timeoutMs: 30 }));
    expect(error).toMatchObject({ code: 'wait-timeout' });
    expect(error.message).toMatch(/position 9\.0 in projection sums \(version 1\) .* it is live at 1\.0/);
  });

  it('refuses a position of a category that the projection does not read', async () => {
    const projections = await bench.started(sums(store));
    await projections.waitUntilLive(quick);
    const { position } = await log.append(streamName('customer', '7'), [new OrderPlaced('ada')]);
    const error = await errorOf(projections.waitFor('sums', position, quick));
    expect(error).toMatchObject({ code: 'invalid-option' });
    expect(error.message).toContain('customer/7');
  });

  it('rejects with the reason of its signal', async () => {
    const projections = await bench.started(sums(store));
    const controller = new AbortController();
    const waiting = errorOf(projections.waitFor('sums', '9.0' as never, { signal: controller.signal }));
    controller.abort(new TypeError('gone'));
    expect(await waiting).toEqual(new TypeError('gone'));
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0);
  });

  it('refuses a timeout longer than a timer can be', async () => {
    const projections = await bench.started(sums(store));
    for (const wait of [
      projections.waitFor('sums', '9.0' as never, { timeoutMs: 3e9 }),
      projections.waitUntilLive({ timeoutMs: 2_147_483_648 }),
    ]) {
      const error = await errorOf(wait);
      expect(error).toMatchObject({ code: 'invalid-option', option: 'timeoutMs' });
      expect(error.message).toContain('an integer from 0 to 2147483647');
    }
    const signal = AbortSignal.timeout(20);
    const longest = projections.waitFor('sums', '9.0' as never, { timeoutMs: 2_147_483_647, signal });
    expect(await errorOf(longest)).toBe(signal.reason);
  });

  it('is rejected by stop, and while stopped', async () => {
    const projections = await bench.started(sums(store));
    const waiting = errorOf(projections.waitFor('sums', '9.0' as never, quick));
    await projections.stop();
    expect((await waiting).message).toContain('stop() was called');
    expect(await errorOf(projections.waitFor('sums', '9.0' as never))).toMatchObject({
      code: 'projection-failed',
    });
  });

  it('lists the projections that exist when the name is unknown', async () => {
    const error = await errorOf(bench.projections(sums(store)).waitFor('totals', undefined));
    expect(error).toMatchObject({ code: 'unknown-projection' });
    expect(error.message).toContain('there are: sums (version 1)');
  });

  it('returns for positions before the start of a rebuilt model', async () => {
    const { position } = await bench.place('ada');
    const projections = bench.projections(sums(store));
    await projections.rebuild('sums', { from: { sequence: 2 } });
    await expect(projections.waitFor('sums', position, { timeoutMs: 0 })).resolves.toBeUndefined();
  });
});

describe('waitFor of any category', () => {
  const foreign = async (): Promise<Position> => {
    const { position } = await log.append(streamName('customer', '7'), [new OrderPlaced('ada')]);
    return position as Position;
  };
  const anyCategory = { ...quick, ofAnyCategory: true };

  it('resolves when the model holds all that it reads up to a position that it does not read', async () => {
    let release = (): void => undefined;
    const gate = new Promise<void>((resolve) => (release = resolve));
    const owner = await bench.started(sums(store, { before: () => gate }));
    const other = await bench.started(sums(store));
    await bench.place('ada');
    const position = await foreign();
    for (const projections of [owner, other]) {
      const early = projections.waitFor('sums', position, { timeoutMs: 50, ofAnyCategory: true });
      expect(await errorOf(early)).toMatchObject({ code: 'wait-timeout' });
    }
    release();
    for (const projections of [owner, other]) await projections.waitFor('sums', position, anyCategory);
    expect(store.model.get('ada')).toBe(1);
  });

  it('resolves on a log that holds nothing that the projection reads', async () => {
    const projections = await bench.started(sums(store));
    await projections.waitUntilLive(quick);
    await projections.waitFor('sums', await foreign(), anyCategory);
    expect(store.model.size).toBe(0);
  });
});
