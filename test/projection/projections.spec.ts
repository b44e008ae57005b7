import { FakeEventStore } from './fake-event-store.js';
import { MemoryProjectionStore } from './memory-projection-store.js';
import { OrderPlaced, OrderShipped, orderStream, sums } from './orders.js';
import { ProjectionBench, errorOf, quick, statusOf } from './projection-bench.js';

let bench: ProjectionBench;
let log: FakeEventStore;
let store: MemoryProjectionStore;

beforeEach(() => {
  bench = new ProjectionBench();
  ({ log, store } = bench);
});

afterEach(() => bench.stop());

describe('a projection', () => {
  it('handles what was stored before and what comes after its start, once and in order', async () => {
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
    // the claim, and 500 + 500 + 200
    expect(store.commits).toBe(4);
  });

  it('moves its checkpoint past events that it does not handle', async () => {
    const projections = await bench.started(sums(store));
    const { position } = await log.append(orderStream, [new OrderShipped('dhl')]);
    await projections.waitFor('sums', position, quick);
    expect(store.checkpoint('sums')?.position).toBe(position);
  });

  it('resumes behind its checkpoint after a restart, in the middle of the log', async () => {
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

  it('starts once, however often it is told to', async () => {
    const projections = await bench.started(sums(store));
    await Promise.all([projections.start(), projections.start()]);
    expect(log.follows).toHaveLength(1);
    expect(store.checkpoint('sums')?.epoch).toBe(1);
  });

  it('keeps a checkpoint for each version, and clears what an unknown one finds', async () => {
    await bench.place('ada');
    const first = await bench.started(sums(store));
    await first.waitUntilLive(quick);
    const other = new MemoryProjectionStore();
    other.checkpoints = store.checkpoints;
    other.model.set('left over', 1);
    const second = await bench.started(sums(other, { version: 2 }));
    await second.waitUntilLive(quick);
    expect([...other.model]).toEqual([['ada', 1]]);
    expect(other.checkpoint('sums', 1)?.epoch).toBe(1);
  });

  it('serves one version while the next is built, each in a `Projections` of its own', async () => {
    await bench.place('ada');
    const serving = await bench.started(sums(store));
    await serving.waitUntilLive(quick);
    let release = (): void => undefined;
    const gate = new Promise<void>((resolve) => (release = resolve));
    const next = new MemoryProjectionStore();
    next.checkpoints = store.checkpoints;
    const building = await bench.started(sums(next, { version: 2, before: () => gate }));
    const { position } = await bench.place('ada');
    await serving.waitFor('sums', position, quick);
    expect(statusOf(building)).toMatchObject({ version: 2, state: 'catching-up' });
    release();
    await building.waitFor('sums', position, quick);
    expect(statusOf(serving)).toMatchObject({ version: 1, state: 'live' });
    expect([...next.model]).toEqual([...store.model]);
    const both = (): unknown => bench.projections(sums(store), sums(next, { version: 2 }));
    expect(both).toThrow('another version of a projection runs in a `Projections` of its own');
  });

  it('is refused at construction when its name or its events do not fit', () => {
    expect(() => bench.projections(sums(store), sums(store))).toThrow('a name of its own');
    bench.log = new FakeEventStore([OrderShipped]);
    expect(() => bench.projections(sums(store))).toThrow('OrderPlaced is not registered');
  });
});

describe('an owner that was taken over', () => {
  it('writes nothing any more, and says so', async () => {
    const old = await bench.started(sums(store));
    await old.waitUntilLive(quick);
    const young = bench.projections(sums(store));
    await young.start();
    const { position } = await bench.place('ada');
    expect(await errorOf(old.waitFor('sums', position, quick))).toMatchObject({ code: 'projection-fenced' });
    expect(statusOf(old)).toMatchObject({ state: 'fenced', error: { code: 'projection-fenced' } });
    await young.waitFor('sums', position, quick);
    expect(store.model.get('ada')).toBe(1);
    expect(store.checkpoint('sums')?.epoch).toBe(2);
  });
});

describe('start', () => {
  it('stops waiting with its signal, and goes on trying', async () => {
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
  it('finishes the transaction that is under way', async () => {
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

  it('does not wait for a verification that hangs behind a reconnect', async () => {
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
    store.accidents.push(...Array.from({ length: 50 }, () => 'before' as const));
    const projections = await bench.started(sums(store));
    await projections.stop();
    expect(statusOf(projections).state).toBe('stopped');
  });
});
