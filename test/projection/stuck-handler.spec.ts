import { inMemoryProjectionStore } from '../../src/testing/in-memory/in-memory-projection-store.js';
import { Projections } from '../../src/projection/projections.js';
import { until } from '../support/collect.js';
import { FaultyProjectionStore } from './faulty-projection-store.js';
import { OrderPlaced, orderLog, orderStream, sums } from './orders.js';

describe('a handler that does not return', () => {
  it('is seen in the status, told, and cannot hold up a stop', async () => {
    const log = orderLog();
    const store = new FaultyProjectionStore(inMemoryProjectionStore(new Map()));
    let release = (): void => undefined;
    const hangs = new Promise<void>((resolve) => (release = resolve));
    const reported: Error[] = [];
    const projections = new Projections(log, [sums(store, { before: async () => hangs })], {
      stuckAfterMs: 20,
      stopTimeoutMs: 20,
      onError: (error) => void reported.push(error),
    });
    await projections.start();
    await log.append(orderStream, [new OrderPlaced('ada')]);
    await until('it is told', () => reported.length > 0);
    expect(projections.status('sums')).toMatchObject({
      state: 'stuck',
      caughtUp: false,
      stuckSince: expect.any(Date) as Date,
      error: { code: 'projection-stuck', what: 'the handler of OrderPlaced at 1.0 (order/42)' },
    });
    await projections.stop();
    expect(projections.status('sums').state).toBe('stopped');
    expect(reported).toHaveLength(2);
    expect(reported[1]?.message).toContain('left alone');
    const commits = store.commits;
    release();
    await new Promise((resolve) => setImmediate(resolve));
    // rolled back: who is left alone writes nothing
    expect(store.commits).toBe(commits);
    expect(store.model.size).toBe(0);
  });

  it('that returns after all is live again', async () => {
    const log = orderLog();
    const store = new FaultyProjectionStore();
    let release = (): void => undefined;
    const hangs = new Promise<void>((resolve) => (release = resolve));
    const reported: Error[] = [];
    await using projections = new Projections(log, [sums(store, { before: async () => hangs })], {
      stuckAfterMs: 20,
      onError: (error) => void reported.push(error),
    });
    await projections.start();
    await log.append(orderStream, [new OrderPlaced('ada')]);
    await until('it is told', () => reported.length > 0);
    release();
    await until('it is live', () => projections.status('sums').state === 'live');
    expect(projections.status('sums')).toMatchObject({ error: undefined, stuckSince: undefined });
    expect(store.model.get('ada')).toBe(1);
  });
});
