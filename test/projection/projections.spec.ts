import { type ProjectionLog, projectionLog } from './projection-log.js';
import { FaultyProjectionStore } from './faulty-projection-store.js';
import { OrderPlaced, OrderShipped, orderStream, sums } from './orders.js';
import type { ProjectionId } from '../../src/projection/definition/projection-id.js';
import { LocalRecordTable } from '../../src/log/local-record-table.js';
import { Projections } from '../../src/projection/projections.js';
import { ProjectionBench, errorOf, inState, quick, statusOf } from './projection-bench.js';

let bench: ProjectionBench;
let log: ProjectionLog;
let store: FaultyProjectionStore;

beforeEach(() => {
  bench = new ProjectionBench();
  ({ log, store } = bench);
});

afterEach(() => bench.stop());

describe('a projection', () => {
  it('handles events from before and after its start, once and in order', async () => {
    const seen: string[] = [];
    await bench.place('ada');
    await log.append(orderStream, [new OrderPlaced('bob'), new OrderPlaced('cleo')]);
    const projections = await bench.started(sums(store, { after: (customer) => void seen.push(customer) }));
    await projections.waitUntilLive(quick);
    const { position } = await bench.place('dora');
    await projections.waitFor('sums', position, quick);
    expect(seen).toEqual(['ada', 'bob', 'cleo', 'dora']);
    expect(statusOf(projections)).toMatchObject({
      state: 'live',
      caughtUp: true,
      position,
      error: undefined,
    });
    expect(store.checkpoint('sums')).toMatchObject({ epoch: 1, storeIdentity: log.identity, position });
  });

  it('applies a batch in one transaction', async () => {
    for (let i = 0; i < 1_200; i++) await bench.place('ada');
    const projections = await bench.started(sums(store));
    await projections.waitUntilLive(quick);
    expect(store.model.get('ada')).toBe(1_200);
    // the models, the claim, 500 + 500 + 200, and that it has caught up
    expect(store.commits).toBe(6);
  });

  it('moves its checkpoint past events that it does not handle', async () => {
    const projections = await bench.started(sums(store));
    const { position } = await log.append(orderStream, [new OrderShipped('dhl')]);
    await projections.waitFor('sums', position, quick);
    expect(store.checkpoint('sums')?.position).toBe(position);
  });

  it('resumes after its checkpoint when it is started again', async () => {
    await log.append(orderStream, [new OrderPlaced('ada'), new OrderPlaced('ada')]);
    const projections = await bench.started(sums(store));
    await projections.waitUntilLive(quick);
    await projections.stop();
    expect(statusOf(projections).state).toBe('stopped');
    await bench.place('ada');
    await projections.start();
    await projections.waitUntilLive(quick);
    expect(store.model.get('ada')).toBe(3);
    expect(store.checkpoint('sums')?.epoch).toBe(2);
    expect(log.follows[1]?.from).toEqual({ after: '1.1' });
  });

  it('starts once when start is called several times', async () => {
    const projections = await bench.started(sums(store));
    await Promise.all([projections.start(), projections.start()]);
    expect(log.follows).toHaveLength(1);
    expect(store.checkpoint('sums')?.epoch).toBe(1);
  });

  it('has a checkpoint for each version, and clears the model of a version without one', async () => {
    await bench.place('ada');
    const first = await bench.started(sums(store));
    await first.waitUntilLive(quick);
    const other = store.copy();
    other.model.set('left over', 1);
    const second = await bench.started(sums(other, { version: 2 }));
    await second.waitUntilLive(quick);
    expect([...other.model]).toEqual([['ada', 1]]);
    expect(other.checkpoint('sums', 1)?.epoch).toBe(1);
  });

  it('is refused at construction when the store does not know its events', () => {
    bench.log = projectionLog([OrderShipped]);
    expect(() => bench.projections(sums(store))).toThrow('OrderPlaced is not registered');
  });
});

describe('two versions of a projection', () => {
  it('run side by side: one serves while the next is built', async () => {
    await bench.place('ada');
    let release = (): void => undefined;
    const gate = new Promise<void>((resolve) => (release = resolve));
    const next = new FaultyProjectionStore();
    const projections = await bench.started(sums(next, { version: 2, before: () => gate }), sums(store));
    const { position } = await bench.place('ada');
    await projections.waitFor({ name: 'sums', version: 1 }, position, quick);
    expect(projections.status({ name: 'sums', version: 1 })).toMatchObject({ version: 1, state: 'live' });
    expect(projections.status('sums')).toMatchObject({ version: 2, state: 'catching-up' });
    expect(projections.status().map(({ version }) => version)).toEqual([2, 1]);
    release();
    await projections.waitFor('sums', position, quick);
    expect([...next.model]).toEqual([...store.model]);
  });

  it('are rebuilt one at a time: by name the newest, by name and version the one asked for', async () => {
    const next = new FaultyProjectionStore();
    const [first, second] = [sums(store), sums(next, { version: 2 })];
    const projections = await bench.started(first, second);
    await projections.waitUntilLive(quick);
    await projections.rebuild('sums');
    await projections.rebuild({ name: 'sums', version: 1 });
    await projections.rebuild(first);
    // each rebuild empties the model and claims it again
    expect(store.checkpoint('sums', 1)?.epoch).toBe(5);
    expect(next.checkpoint('sums', 2)?.epoch).toBe(3);
  });

  it('are distinguished in the calls of onError', async () => {
    const failed: unknown[] = [];
    const onError = (_: Error, projection: ProjectionId): void => void failed.push(projection);
    const setUp = (): Promise<never> => Promise.reject(new TypeError('locked'));
    const broken = { ...sums(store, { version: 2 }), setUp };
    await using projections = new Projections(log, [sums(new FaultyProjectionStore()), broken], { onError });
    await projections.start();
    await inState(projections, 'failed', 1);
    expect(failed).toContainEqual({ name: 'sums', version: 2 });
    expect(failed).not.toContainEqual({ name: 'sums', version: 1 });
    expect(projections.status('sums').error).toMatchObject({ projection: 'sums', version: 2 });
  });
});

describe('two processes', () => {
  it('run a projection in one of them; the other one stands by, and waits for it', async () => {
    const first = await bench.started(sums(store));
    const second = await bench.started(sums(store));
    await second.waitUntilLive(quick);
    expect(statusOf(first).lanes[0]).toMatchObject({
      state: 'live',
      owner: { isOwn: true, pid: process.pid },
    });
    const { position } = await bench.place('ada');
    await second.waitFor('sums', position, quick);
    expect(store.model.get('ada')).toBe(1);
    expect(statusOf(second).lanes[0]).toMatchObject({ state: 'live', position, owner: { isOwn: false } });
    expect(store.checkpoint('sums')?.epoch).toBe(1);
  });

  it('take over from each other, without a person', async () => {
    const first = await bench.started(sums(store));
    const second = await bench.started(sums(store));
    await first.stop();
    const { position } = await bench.place('ada');
    await second.waitFor('sums', position, quick);
    await first.start();
    await second.stop();
    const { position: next } = await bench.place('ada');
    await first.waitFor('sums', next, quick);
    expect(store.model.get('ada')).toBe(2);
    expect(statusOf(first).state).toBe('live');
    expect(bench.reported).toEqual([]);
  });

  it('go on when both believe to be the owner: the checkpoint lets one of them write', async () => {
    const own = bench.projections(sums(store));
    await own.start();
    await own.waitUntilLive(quick);
    // a process that shares no records with it
    const other = new Projections(
      Object.assign(Object.create(log) as typeof log, { records: new LocalRecordTable() }),
      [sums(store)],
    );
    await other.start();
    for (let n = 0; n < 20; n += 1) await bench.place('ada');
    await other.stop();
    const { position } = await bench.place('ada');
    await own.waitFor('sums', position, quick);
    expect(store.model.get('ada')).toBe(21);
  });

  it('share several projections', async () => {
    const names = ['a', 'b', 'c', 'd'];
    const define = () => names.map((name) => sums(store, { name }));
    const first = await bench.started(...define());
    const second = await bench.started(...define());
    const owned = (projections: Projections): number =>
      projections.status().filter(({ lanes }) => lanes[0]?.owner?.isOwn === true).length;
    for (let tries = 0; tries < 1_000 && (owned(first) !== 2 || owned(second) !== 2); tries += 1)
      await new Promise((resolve) => setTimeout(resolve, 10));
    expect([owned(first), owned(second)]).toEqual([2, 2]);
    const { position } = await bench.place('ada');
    for (const name of names) await second.waitFor(name, position, quick);
    // each has added the order to the one model
    expect(store.model.get('ada')).toBe(4);
  });

  it('tell each other why a projection has stopped', async () => {
    const broken = (): never => {
      throw new TypeError('no');
    };
    const first = await bench.started(sums(store, { before: broken }));
    const second = await bench.started(sums(store));
    const { position } = await bench.place('ada');
    await inState(first, 'failed');
    const error = await errorOf(second.waitFor('sums', position, quick));
    expect(error).toMatchObject({ code: 'projection-failed' });
    expect(error.message).toContain(`: no in process ${process.pid}`);
    expect(statusOf(second)).toMatchObject({ state: 'failed' });
  });
});

describe('start', () => {
  it('stops waiting when its signal aborts, and the projection keeps trying', async () => {
    const answer = log.lastSequence.bind(log);
    let release = (): void => undefined;
    const gate = new Promise<void>((resolve) => (release = resolve));
    log.lastSequence = async () => (await gate, answer());
    const projections = bench.projections(sums(store));
    const signal = AbortSignal.timeout(10);
    expect(await errorOf(projections.start({ signal }))).toBe(signal.reason);
    release();
    await projections.waitUntilLive(quick);
  });
});

describe('stop', () => {
  it('waits for the transaction in progress', async () => {
    let release = (): void => undefined;
    let enter = (): void => undefined;
    const entered = new Promise<void>((resolve) => (enter = resolve));
    const gate = new Promise<void>((resolve) => (release = resolve));
    const projections = await bench.started(sums(store, { before: () => (enter(), gate) }));
    await bench.place('ada');
    await entered;
    const stopping = projections.stop();
    release();
    await stopping;
    expect(store.model.get('ada')).toBe(1);
  });

  it.each(['lastSequence', 'commitAt'] as const)('does not wait for a %s that hangs', async (read) => {
    await bench.place('ada');
    const projections = await bench.started(sums(store));
    await projections.waitUntilLive(quick);
    await projections.stop();
    const asked = new Promise<void>((resolve) => {
      log[read] = () => (resolve(), new Promise<never>(() => undefined));
    });
    const starting = projections.start();
    await asked;
    await projections.stop();
    await starting;
    expect(statusOf(projections)).toMatchObject({ state: 'stopped', error: undefined });
    expect(bench.reported).toEqual([]);
  });

  it('does not wait for a verification that hangs after a reconnect', async () => {
    const projections = await bench.started(sums(store));
    await projections.waitUntilLive(quick);
    const asked = new Promise<void>((resolve) => {
      log.lastSequence = () => (resolve(), new Promise<never>(() => undefined));
    });
    log.reconnect();
    await asked;
    await projections.stop();
    expect(statusOf(projections).state).toBe('stopped');
  });

  it('ends a projection that waits for its database', async () => {
    store.faults.push(...Array.from({ length: 50 }, () => 'before' as const));
    const projections = await bench.started(sums(store));
    await projections.stop();
    expect(statusOf(projections).state).toBe('stopped');
  });
});
