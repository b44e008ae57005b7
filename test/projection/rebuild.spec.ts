import { getEventListeners } from 'node:events';
import { Projections } from '../../src/projection/projections.js';
import type { RebuildProgress } from '../../src/projection/rebuild/rebuild-options.js';
import type { RebuildStart } from '../../src/projection/start/rebuild-start.js';
import type { ProjectionLog } from './projection-log.js';
import { FaultyProjectionStore } from './faulty-projection-store.js';
import { OrderPlaced, orderLog, orderStream, sums } from './orders.js';
import { errorOf, quick, statusOf } from './projection-bench.js';

let log: ProjectionLog;
let store: FaultyProjectionStore;
let projections: Projections;

beforeEach(async () => {
  log = orderLog();
  store = new FaultyProjectionStore();
  projections = new Projections(log, [sums(store)]);
  for (let i = 1; i <= 10; i++) {
    log.now = i * 1_000;
    await log.append(orderStream, [new OrderPlaced(`c${i}`), new OrderPlaced('all')]);
  }
});

afterEach(() => projections.stop());

describe('rebuild', () => {
  it('clears data that the replay cannot produce, counts, and continues live', async () => {
    await projections.start();
    await projections.waitUntilLive();
    store.model.set('by hand', 1);
    const result = await projections.rebuild('sums');
    const { durationMs, eventsPerSecond, ...counted } = result;
    expect(counted).toEqual({ events: 20, commits: 10 });
    expect(eventsPerSecond).toBe(Math.round(20_000 / Math.max(durationMs, 1)));
    expect(store.model.has('by hand')).toBe(false);
    expect(store.model.get('all')).toBe(10);
    const { position } = await log.append(orderStream, [new OrderPlaced('all')]);
    await projections.waitFor('sums', position);
    expect(store.model.get('all')).toBe(11);
    expect(store.checkpoint('sums')?.epoch).toBe(3);
  });

  it('gives the same model each time', async () => {
    await projections.rebuild('sums');
    const first = [...store.model];
    await projections.rebuild('sums');
    expect([...store.model]).toEqual(first);
  });

  it('of an empty log resolves without events', async () => {
    log.restore(0);
    expect(await projections.rebuild('sums')).toMatchObject({
      events: 0,
      commits: 0,
      eventsPerSecond: 0,
    });
  });

  it.each<[string, RebuildStart, number]>([
    ['a sequence', { sequence: 4 }, 7],
    ['a time', { time: new Date(4_000) }, 7],
    ['a position inside a commit', { position: '4.1' as never }, 7],
    ['the position of a first event', { position: '4.0' as never }, 7],
  ])('from %s is a fold from there', async (_, from, all) => {
    await projections.rebuild('sums', { from });
    expect(store.model.get('all')).toBe(all);
    expect(store.model.has('c3')).toBe(false);
    expect(store.model.has('c4')).toBe(!('position' in from && from.position.endsWith('.1')));
  });

  it('reports progress after each transaction', async () => {
    log.maxBatch = 4;
    const progress: RebuildProgress[] = [];
    await projections.rebuild('sums', { onProgress: (step) => void progress.push(step) });
    expect(progress.map(({ events, commits, position }) => [events, commits, position])).toEqual([
      [8, 4, '4.1'],
      [16, 8, '8.1'],
      [20, 10, '10.1'],
    ]);
    expect(progress[0]?.eventsPerSecond).toBeGreaterThan(0);
  });

  it('includes events that are stored while it replays', async () => {
    log.maxBatch = 5;
    let appended = false;
    const onProgress = (): void => {
      if (!appended) void log.append(orderStream, [new OrderPlaced('late')]);
      appended = true;
    };
    expect(await projections.rebuild('sums', { onProgress })).toMatchObject({ events: 21, commits: 11 });
    expect(store.model.get('late')).toBe(1);
  });

  it('makes waiters wait for the rebuilt model', async () => {
    let release = (): void => undefined;
    let gate = Promise.resolve();
    let wait = (): void => undefined;
    const setUp = async (): Promise<void> => wait();
    projections = new Projections(log, [{ ...sums(store, { before: () => gate }), setUp }]);
    await projections.start();
    await projections.waitUntilLive();
    gate = new Promise((resolve) => (release = resolve));
    let waited = false;
    let waiting: Promise<void> | undefined;
    // in the transaction that clears the model
    wait = () => {
      waiting ??= projections.waitFor('sums', '10.1' as never).then(() => void (waited = true));
    };
    const rebuilt = projections.rebuild('sums');
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(store.model.size).toBe(0);
    expect(waited).toBe(false);
    release();
    await Promise.all([waiting, rebuilt]);
    expect(store.model.get('all')).toBe(10);
  });

  it.each([0, 2])('resumes after a crash that followed %i transactions', async (transactions) => {
    let crashed = store;
    const crash = (commits: number): void => {
      if (commits === transactions) crashed = store.copy();
    };
    let calls = 0;
    projections = new Projections(log, [
      sums(store, { before: () => (calls++ === 0 ? crash(0) : undefined) }),
    ]);
    log.maxBatch = 1;
    await projections.rebuild('sums', {
      from: { time: new Date(6_000) },
      onProgress: ({ commits }) => crash(commits),
    });
    expect(crashed.model.get('all')).toBe(transactions === 0 ? undefined : transactions);
    await projections.stop();
    const restarted = new Projections(log, [sums(crashed)]);
    await restarted.start();
    await restarted.waitUntilLive();
    await restarted.stop();
    expect([...crashed.model]).toEqual([...store.model]);
    expect(crashed.model.get('all')).toBe(5);
  });

  it('may be asked of a process that does not own the projection', async () => {
    const other = new Projections(log, [sums(store)]);
    await other.start();
    await other.waitUntilLive();
    await projections.rebuild('sums');
    const { position } = await log.append(orderStream, [new OrderPlaced('all')]);
    await projections.waitFor('sums', position);
    await other.waitFor('sums', position);
    expect(statusOf(projections).lanes[0]?.owner?.isOwn).toBe(false);
    expect(statusOf(other).lanes[0]?.owner?.isOwn).toBe(true);
    expect(store.model.get('all')).toBe(11);
    await other.stop();
  });

  it('fails when stopped, and when another rebuild takes its place', async () => {
    const slow = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 10));
    projections = new Projections(log, [sums(store, { before: slow })]);
    const first = projections.rebuild('sums');
    const second = projections.rebuild('sums');
    await expect(first).rejects.toThrow('another rebuild');
    const stopping = projections.stop();
    await expect(second).rejects.toThrow('stop()');
    await stopping;
  });

  it('does not begin when its signal aborts while it waits for another rebuild to begin', async () => {
    let release = (): void => undefined;
    let enter = (): void => undefined;
    const entered = new Promise<void>((resolve) => (enter = resolve));
    const gate = new Promise<void>((resolve) => (release = resolve));
    projections = new Projections(log, [sums(store, { before: () => (enter(), gate) })]);
    await projections.start();
    await entered;
    const first = projections.rebuild('sums');
    const controller = new AbortController();
    const second = errorOf(projections.rebuild('sums', { signal: controller.signal }));
    controller.abort(new TypeError('enough'));
    release();
    expect((await second).message).toBe('enough');
    expect(await first).toMatchObject({ commits: 10 });
    expect(store.checkpoint('sums')?.epoch).toBe(3);
  });

  it('continues when its signal has aborted', async () => {
    const controller = new AbortController();
    const onProgress = (): void => controller.abort(new TypeError('enough'));
    log.maxBatch = 2;
    const rebuilt = projections.rebuild('sums', { onProgress, signal: controller.signal });
    await expect(rebuilt).rejects.toThrow('enough');
    await projections.waitFor('sums', '10.1' as never);
    expect(store.model.get('all')).toBe(10);
  });

  it('refuses an invalid start before it clears anything', async () => {
    await projections.rebuild('sums');
    for (const from of [{ sequence: 0 }, { time: new Date('x') }, {}, { sequence: 1, time: new Date() }, 7]) {
      await expect(projections.rebuild('sums', { from: from as never })).rejects.toMatchObject({
        code: 'invalid-option',
      });
    }
    expect(store.model.get('all')).toBe(10);
  });

  it.each<[string, RebuildStart, string]>([
    [
      'a sequence',
      { sequence: 12 },
      'from.sequence must be within the log, which ends at sequence 10; given: 12',
    ],
    [
      'a position',
      { position: '12.0' as never },
      'from.position must be within the log, which ends at sequence 10',
    ],
    ['an event that the next commit may hold', { position: '11.1' as never }, 'from.position'],
    ['a time in the future', { time: new Date(Date.now() + 60_000) }, 'from.time must be a time in the past'],
  ])('refuses a start after the end of the log before it clears anything: %s', async (_, from, message) => {
    await projections.rebuild('sums');
    const error = await errorOf(projections.rebuild('sums', { from }));
    expect(error).toMatchObject({ code: 'invalid-option' });
    expect(error.message).toContain(message);
    expect(store.model.get('all')).toBe(10);
    const { position } = await log.append(orderStream, [new OrderPlaced('all')]);
    await projections.waitFor('sums', position, quick);
    expect(store.checkpoint('sums')).toMatchObject({ epoch: 1, start: undefined });
  });

  it.each<[string, RebuildStart]>([
    ['sequence', { sequence: 11 }],
    ['position', { position: '11.0' as never }],
  ])('from the end of the log, given as a %s, holds what is appended next', async (_, from) => {
    expect(await projections.rebuild('sums', { from })).toMatchObject({ events: 0 });
    const { position } = await log.append(orderStream, [new OrderPlaced('all')]);
    await projections.waitFor('sums', position, quick);
    expect([...store.model]).toEqual([['all', 1]]);
  });

  it('from the end of a log that was then restored diverges instead of skipping', async () => {
    await projections.rebuild('sums', { from: { sequence: 11 } });
    await projections.stop();
    log.restore(8);
    await projections.start();
    expect(await errorOf(projections.waitUntilLive(quick))).toMatchObject({ code: 'projection-diverged' });
  });

  describe('while the log does not answer where it ends', () => {
    beforeEach(() => {
      log.lastSequence = () => new Promise<never>(() => undefined);
    });

    it('is rejected by stop, and does not begin after it', async () => {
      const rebuilt = errorOf(projections.rebuild('sums', { from: { sequence: 4 } }));
      await projections.stop();
      expect((await rebuilt).message).toContain('stop() was called');
      expect(statusOf(projections).state).toBe('stopped');
      expect(store.commits).toBe(0);
    });

    it('is rejected by its signal, before anything is cleared', async () => {
      const signal = AbortSignal.timeout(10);
      const rebuilt = projections.rebuild('sums', { from: { sequence: 4 }, signal });
      expect(await errorOf(rebuilt)).toBe(signal.reason);
      expect(store.commits).toBe(0);
    });
  });

  it('leaves no listener on its signal', async () => {
    const { signal } = new AbortController();
    await projections.rebuild('sums', { from: { sequence: 4 }, signal });
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  });

  it('keeps the old model when it cannot be cleared', async () => {
    await projections.rebuild('sums');
    const setUp = (): Promise<never> => Promise.reject(new TypeError('locked'));
    const broken = { ...sums(store), setUp };
    const other = new Projections(log, [broken]);
    await expect(other.rebuild('sums')).rejects.toThrow('setUp failed: locked');
    expect(store.model.get('all')).toBe(10);
  });
});
