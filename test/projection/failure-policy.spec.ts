import { defineProjection } from '../../src/projection/definition/define-projection.js';
import type { FailureOptions } from '../../src/projection/definition/failure-policy.js';
import type { ProjectionDefinition } from '../../src/projection/definition/projection-definition.js';
import { OrderPlaced } from './orders.js';
import type { FaultyProjectionStore, Model } from './faulty-projection-store.js';
import { ProjectionBench, inState, quick, statusOf } from './projection-bench.js';

let bench: ProjectionBench;
let store: FaultyProjectionStore;
/** Customers whose events fail. */
let bad: Set<string>;
let calls: string[];

beforeEach(() => {
  bench = new ProjectionBench();
  ({ store } = bench);
  bad = new Set(['bob']);
  calls = [];
});

afterEach(() => bench.stop());

function sums(onFailure: FailureOptions): ProjectionDefinition<Model> {
  return defineProjection({
    name: 'sums',
    store,
    clear: async (model) => model.clear(),
    onFailure,
    events: { OrderPlaced },
    on: {
      OrderPlaced: ({ data }, model) => {
        calls.push(data.customer);
        if (bad.has(data.customer)) throw new TypeError(`no ${data.customer}`);
        model.set(data.customer, (model.get(data.customer) ?? 0) + data.amount);
      },
    },
  });
}

const attempts = (customer: string): number => calls.filter((each) => each === customer).length;

describe('an event whose handler keeps failing', () => {
  beforeEach(async () => {
    for (const customer of ['ada', 'bob', 'cleo']) await bench.place(customer);
  });

  it('is left out by skip, after as many attempts as the policy says, and onError is told', async () => {
    const projections = await bench.started(sums({ maxAttempts: 3, backoffMs: [1], then: 'skip' }));
    await projections.waitUntilLive(quick);
    expect([...store.model.keys()]).toEqual(['ada', 'cleo']);
    expect(attempts('bob')).toBe(3);
    expect(bench.reported.map(({ message }) => message)).toContainEqual(expect.stringContaining('no bob'));
    expect(await projections.parked('sums')).toEqual([]);
    expect(statusOf(projections)).toMatchObject({ state: 'live', error: undefined });
  });

  it('is parked with its error, position and attempts, in the transaction that goes on without it', async () => {
    const projections = await bench.started(sums({ maxAttempts: 2, backoffMs: [1], then: 'park' }));
    await projections.waitUntilLive(quick);
    expect([...store.model.keys()]).toEqual(['ada', 'cleo']);
    const [parked, ...others] = await projections.parked('sums');
    expect(others).toEqual([]);
    expect(parked).toMatchObject({ position: '2.0', type: 'OrderPlaced', stream: 'order/42', attempts: 2 });
    expect(parked?.error).toContain('TypeError: no bob');
    expect(parked?.eventId).toMatch(/\/0$/);
    expect(JSON.stringify(parked)).not.toContain('"customer"');
  });

  it('is handled by a redrive when its handler succeeds, and leaves the park', async () => {
    const projections = await bench.started(sums({ maxAttempts: 1, then: 'park' }));
    await projections.waitUntilLive(quick);
    expect(await projections.redrive('sums')).toMatchObject([{ position: '2.0', outcome: 'failed' }]);
    expect(await projections.parked('sums')).toMatchObject([{ attempts: 2 }]);
    bad.clear();
    expect(await projections.redrive('sums', { positions: ['1.0' as never] })).toEqual([]);
    expect(await projections.redrive('sums')).toMatchObject([{ position: '2.0', outcome: 'handled' }]);
    expect(store.model.get('bob')).toBe(1);
    expect(await projections.parked('sums')).toEqual([]);
  });

  it('is gone from the park when the log does not hold it any more, or when it is discarded', async () => {
    await bench.place('bob');
    const projections = await bench.started(sums({ maxAttempts: 1, then: 'park' }));
    await projections.waitUntilLive(quick);
    bench.log.remove(2);
    expect(await projections.redrive('sums', { positions: ['2.0' as never] })).toMatchObject([
      { outcome: 'gone' },
    ]);
    expect(await projections.discard('sums', ['4.0' as never, '9.0' as never])).toBe(1);
    expect(await projections.parked('sums')).toEqual([]);
  });

  it('is forgotten by a rebuild, which meets it again', async () => {
    const projections = await bench.started(sums({ maxAttempts: 1, then: 'park' }));
    await projections.waitUntilLive(quick);
    bad.clear();
    await projections.rebuild('sums');
    expect(await projections.parked('sums')).toEqual([]);
    expect([...store.model.keys()]).toEqual(['ada', 'bob', 'cleo']);
  });

  it('stays in its place when it cannot be parked, and the status says why', async () => {
    const transact = store.transact.bind(store);
    let isFull = true;
    store.transact = async (model, work) =>
      transact(model, async (transaction) =>
        work({
          ...transaction,
          parked: {
            ...transaction.parked,
            add: async (...args) => {
              if (isFull) throw new RangeError('the table is full');
              return transaction.parked.add(...args);
            },
          },
        }),
      );
    const projections = await bench.started(sums({ maxAttempts: 1, then: 'park' }));
    for (let tries = 0; tries < 200 && statusOf(projections).error === undefined; tries++)
      await new Promise((resolve) => setTimeout(resolve, 5));
    expect(statusOf(projections)).toMatchObject({ state: 'catching-up', position: '1.0' });
    expect(bench.reported.map(({ message }) => message)).toContain('the table is full');
    isFull = false;
    await projections.waitUntilLive(quick);
    expect(await projections.parked('sums')).toHaveLength(1);
  });

  it('stops the projection by default, and the pauses between its attempts are those of the policy', async () => {
    const began = performance.now();
    const projections = await bench.started(sums({ maxAttempts: 4, backoffMs: [20, 40] }));
    await inState(projections, 'failed');
    expect(attempts('bob')).toBe(4);
    expect(performance.now() - began).toBeGreaterThanOrEqual(100);
  });
});

describe('an error that the database calls transient', () => {
  it('is no failure of the handler that passes it on', async () => {
    let failures = 20;
    Object.assign(store, { isTransient: (error: Error) => error.message === 'deadlock' });
    const definition = defineProjection({
      name: 'sums',
      store,
      clear: async (model) => model.clear(),
      onFailure: { backoffMs: [1], maxAttempts: 1 },
      events: { OrderPlaced },
      on: {
        OrderPlaced: () => {
          failures -= 1;
          if (failures > 14) throw new TypeError('deadlock');
        },
      },
    });
    const projections = await bench.started(definition);
    const { position } = await bench.place('ada');
    await projections.waitFor('sums', position, { timeoutMs: 10_000 });
    expect(failures).toBe(14);
  });
});

describe('options of onFailure', () => {
  it.each([
    [{ then: 'ignore' }, 'projection.onFailure.then must be stop, skip, park'],
    [{ maxAttempts: 0 }, 'projection.onFailure.maxAttempts'],
    [{ backoffMs: [] }, 'projection.onFailure.backoffMs must be a list of pauses in milliseconds'],
    [{ retries: 3 }, 'projection.onFailure.retries must be one of maxAttempts, backoffMs, then'],
  ])('%j is refused', (options, message) => {
    expect(() => sums(options as never)).toThrow(message);
  });
});
