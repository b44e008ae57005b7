import { streamName } from '../../src/event/stream-name.js';
import { NatsError } from '../../src/jetstream/connection/connection-errors.js';
import type { Projections } from '../../src/projection/projections.js';
import type { ProjectionLog } from './projection-log.js';
import type { FaultyProjectionStore } from './faulty-projection-store.js';
import { OrderPlaced, orderStream, sums } from './orders.js';
import { ProjectionBench, errorOf, inState, quick, statusOf } from './projection-bench.js';

let bench: ProjectionBench;
let log: ProjectionLog;
let store: FaultyProjectionStore;

beforeEach(() => {
  bench = new ProjectionBench();
  ({ log, store } = bench);
});

afterEach(() => bench.stop());

describe('a log that is not the one the model was built from', () => {
  async function stoppedAt(commits: number): Promise<Projections> {
    for (let i = 0; i < commits; i++) await bench.place('ada');
    const projections = await bench.started(sums(store));
    await projections.waitUntilLive(quick);
    await projections.stop();
    return projections;
  }

  async function divergence(projections: Projections): Promise<string> {
    await projections.start();
    const { error } = await inState(projections, 'diverged');
    expect(error).toMatchObject({ code: 'projection-diverged', projection: 'sums' });
    return error?.message ?? '';
  }

  it('is noticed by its identity', async () => {
    const projections = await stoppedAt(1);
    log.identity = 'identity-2';
    expect(await divergence(projections)).toContain('identity-2');
  });

  it('is noticed when it has lost its end', async () => {
    const projections = await stoppedAt(3);
    log.restore(2);
    expect(await divergence(projections)).toContain('the log ends at 2');
  });

  it('is noticed by another commit at the position', async () => {
    const projections = await stoppedAt(3);
    log.restore(2);
    await bench.place('bob');
    expect(await divergence(projections)).toMatch(/the log holds [0-9a-f-]{36}; rebuild it/);
    expect([...store.model.keys()]).toEqual(['ada']);
  });

  it('is not assumed when the commit at the checkpoint was removed', async () => {
    const projections = await stoppedAt(3);
    log.remove(3);
    await projections.start();
    await projections.waitUntilLive(quick);
    expect(statusOf(projections).state).toBe('live');
  });

  it('is noticed by the commit before the checkpoint when a removed one stands at it', async () => {
    const projections = await stoppedAt(3);
    log.restore(1);
    await bench.place('bob');
    await bench.place('bob');
    log.remove(3);
    expect(await divergence(projections)).toMatch(/at 2\.0 it has read commit .*, the log holds/);
    expect([...store.model]).toEqual([['ada', 3]]);
  });

  it('is noticed when the check of a transaction stood at the checkpoint', async () => {
    const projections = await stoppedAt(3);
    log.restore(2);
    const other = streamName('order', '43');
    await log.transact([
      { stream: orderStream, expect: 2 },
      { stream: other, events: [new OrderPlaced('bob')] },
    ]);
    expect(await divergence(projections)).toContain('the log had the check of a transaction there');
  });

  it('is not assumed when the commit before the checkpoint was removed', async () => {
    const projections = await stoppedAt(3);
    log.remove(2);
    log.remove(3);
    await projections.start();
    await projections.waitUntilLive(quick);
    expect(statusOf(projections).state).toBe('live');
  });

  it('is noticed after a reconnect, before any of its commits is applied', async () => {
    const projections = await stoppedAt(3);
    await projections.start();
    await projections.waitUntilLive(quick);
    log.restore(1);
    // at once: the server comes back with the other log
    for (let i = 0; i < 5; i++) void bench.place('bob');
    log.reconnect();
    const { error } = await inState(projections, 'diverged');
    expect(await errorOf(projections.waitFor('sums', '6.0' as never))).toBe(error);
    expect([...store.model]).toEqual([['ada', 3]]);
  });

  it('is not assumed after a reconnect to the same log, also when the log answers late', async () => {
    const projections = await stoppedAt(3);
    await projections.start();
    await projections.waitUntilLive(quick);
    const answer = log.lastSequence.bind(log);
    let refusals = 2;
    log.lastSequence = () => (refusals-- > 0 ? Promise.reject(new NatsError('no answer')) : answer());
    log.reconnect();
    const { position } = await bench.place('ada');
    await projections.waitFor('sums', position, quick);
    expect(statusOf(projections)).toMatchObject({ state: 'live', error: undefined });
  });

  it('is read from the beginning by a rebuild', async () => {
    const projections = await stoppedAt(3);
    log.restore(1);
    log.identity = 'identity-2';
    await divergence(projections);
    expect(await projections.rebuild('sums')).toMatchObject({ events: 1, commits: 1 });
    expect([...store.model]).toEqual([['ada', 1]]);
    expect(statusOf(projections).state).toBe('live');
    expect(store.checkpoint('sums')?.storeIdentity).toBe('identity-2');
  });
});
