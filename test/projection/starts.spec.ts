import { defineProjection } from '../../src/projection/definition/define-projection.js';
import type { ProjectionDefinition } from '../../src/projection/definition/projection-definition.js';
import type { ProjectionStart } from '../../src/projection/start/projection-start.js';
import { OrderPlaced } from './orders.js';
import type { FaultyProjectionStore, Model } from './faulty-projection-store.js';
import { ProjectionBench, quick } from './projection-bench.js';

let bench: ProjectionBench;
let store: FaultyProjectionStore;
let replayed: boolean[];

beforeEach(async () => {
  bench = new ProjectionBench();
  ({ store } = bench);
  replayed = [];
  for (let n = 1; n <= 3; n += 1) {
    bench.log.now = n * 1_000;
    await bench.place(`c${n}`);
  }
});

afterEach(() => bench.stop());

function sums(from?: ProjectionStart, name = 'sums'): ProjectionDefinition<Model> {
  return defineProjection({
    name,
    from,
    store,
    clear: async () => undefined,
    events: { OrderPlaced },
    on: {
      OrderPlaced: ({ data }, model, { isReplay }) => {
        replayed.push(isReplay);
        model.set(`${name} ${data.customer}`, 1);
      },
    },
  });
}

describe('the start of a projection', () => {
  it.each<[string, ProjectionStart | undefined, string[]]>([
    ['the beginning by default', undefined, ['c1', 'c2', 'c3', 'c4']],
    ['a sequence', { sequence: 2 }, ['c2', 'c3', 'c4']],
    ['a time', { time: new Date(3_000) }, ['c3', 'c4']],
    ['a position', { position: '3.0' as never }, ['c3', 'c4']],
    ['now', 'now', ['c4']],
  ])('is %s', async (_, from, customers) => {
    const projections = await bench.started(sums(from));
    await projections.waitUntilLive(quick);
    const { position } = await bench.place('c4');
    await projections.waitFor('sums', position, quick);
    expect([...store.model.keys()]).toEqual(customers.map((customer) => `sums ${customer}`));
  });

  it('now holds from the first start on, also after a restart', async () => {
    const first = await bench.started(sums('now'));
    await first.stop();
    await bench.place('c4');
    const second = await bench.started(sums('now'));
    await second.waitUntilLive(quick);
    expect([...store.model.keys()]).toEqual(['sums c4']);
  });

  it('does not count where a checkpoint is stored', async () => {
    const first = await bench.started(sums());
    await first.waitUntilLive(quick);
    await first.stop();
    store.model.clear();
    const second = await bench.started(sums({ sequence: 1 }));
    await second.waitUntilLive(quick);
    expect(store.model.size).toBe(0);
  });

  it('now of an empty log holds its first event', async () => {
    bench.log.restore(0);
    const projections = await bench.started(sums('now'));
    await projections.waitUntilLive(quick);
    const { position } = await bench.place('first');
    await projections.waitFor('sums', position, quick);
    expect([...store.model.keys()]).toEqual(['sums first']);
  });

  it('of one projection does not concern another one', async () => {
    const projections = await bench.started(sums('now', 'late'), sums(undefined, 'early'));
    const { position } = await bench.place('c4');
    await projections.waitFor('late', position, quick);
    await projections.waitFor('early', position, quick);
    expect([...store.model.keys()].toSorted()).toEqual([
      'early c1',
      'early c2',
      'early c3',
      'early c4',
      'late c4',
    ]);
  });

  it('is refused when it cannot be meant', () => {
    expect(() => sums('end' as never)).toThrow('projection.from');
    expect(() => sums({ sequence: 0 })).toThrow('projection.from.sequence');
    expect(() => sums({ time: new Date(Date.now() + 60_000) })).toThrow('a time in the past');
  });
});

describe('isReplay', () => {
  it('is true until the model has reached the end of the log', async () => {
    const projections = await bench.started(sums());
    await projections.waitUntilLive(quick);
    const { position } = await bench.place('c4');
    await projections.waitFor('sums', position, quick);
    expect(replayed).toEqual([true, true, true, false]);
  });

  it('is true again in a rebuild', async () => {
    const projections = await bench.started(sums());
    await projections.waitUntilLive(quick);
    replayed = [];
    await projections.rebuild('sums');
    expect(replayed).toEqual([true, true, true]);
  });
});

describe('the pace of a rebuild', () => {
  it('stays below the events a second that it may replay, in transactions of no more than it may hold', async () => {
    for (let n = 4; n <= 40; n += 1) await bench.place(`c${n}`);
    const projections = await bench.started(sums());
    await projections.waitUntilLive(quick);
    const steps: number[] = [];
    const began = performance.now();
    await projections.rebuild('sums', {
      batch: 10,
      maxEventsPerSecond: 200,
      onProgress: ({ commits }) => void steps.push(commits),
    });
    // 30 events before the last batch at 200 a second
    expect(performance.now() - began).toBeGreaterThanOrEqual(145);
    expect(steps).toEqual([10, 20, 30, 40]);
  });
});

describe('the transactions after a rebuild', () => {
  it('are as large as before it', async () => {
    let release = (): void => undefined;
    let gate: Promise<void> | undefined;
    const definition = defineProjection({
      name: 'gated',
      store,
      clear: async (model) => model.clear(),
      events: { OrderPlaced },
      on: {
        OrderPlaced: async ({ data }, model) => {
          await gate;
          model.set(data.customer, 1);
        },
      },
    });
    const projections = await bench.started(definition);
    await projections.rebuild('gated', { batch: 1 });
    gate = new Promise((resolve) => (release = resolve));
    await bench.place('first');
    for (let n = 0; n < 30; n += 1) await bench.place(`d${n}`);
    const before = store.commits;
    release();
    await projections.waitFor('gated', '34.0' as never, quick);
    expect(store.commits - before).toBeLessThan(10);
  });
});

describe('a projection that reads a mirror', () => {
  it('has not reached what the mirror lacks, however far the store is', async () => {
    const { log } = bench;
    const follow = log.follow.bind(log);
    const end = 2;
    let grown = (): void => undefined;
    const growth = new Promise<void>((resolve) => (grown = resolve));
    log.replicaLag = async () => 3 - end;
    // the mirror holds the first two of three commits
    log.follow = async function* mirrored({ readFrom, ...options }) {
      expect(readFrom).toEqual({ stream: 'mirror', domain: undefined });
      for await (const batch of follow(options)) {
        yield { ...batch, commits: batch.commits.slice(0, end) };
        await growth;
        yield { ...batch, commits: batch.commits.slice(end) };
      }
    };
    const definition = { ...sums(), readFrom: { stream: 'mirror', domain: undefined } };
    const projections = await bench.started(definition);
    await projections.waitFor('sums', '2.0' as never, quick);
    const early = projections.waitFor('sums', '3.0' as never, { timeoutMs: 50 });
    await expect(early).rejects.toMatchObject({ code: 'wait-timeout' });
    grown();
    await projections.waitFor('sums', '3.0' as never, quick);
  });
});
