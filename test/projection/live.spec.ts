import { defineProjection } from '../../src/projection/definition/define-projection.js';
import type { FailureOptions } from '../../src/projection/definition/failure-policy.js';
import type { LiveProjection } from '../../src/projection/definition/live-projection.js';
import { OrderPlaced } from './orders.js';
import { ProjectionBench, errorOf, inState, quick } from './projection-bench.js';

type Counts = Map<string, number>;

let bench: ProjectionBench;

beforeEach(() => {
  bench = new ProjectionBench();
});

afterEach(() => bench.stop());

function counts(before?: (customer: string) => void, onFailure?: FailureOptions): LiveProjection<Counts> {
  return defineProjection({
    name: 'counts',
    initial: () => new Map<string, number>(),
    onFailure,
    events: { OrderPlaced },
    on: {
      OrderPlaced: (state, { data }) => {
        before?.(data.customer);
        state.set(data.customer, (state.get(data.customer) ?? 0) + 1);
      },
    },
  });
}

describe('a live projection', () => {
  it('is ready when start resolves, and follows the log', async () => {
    for (let i = 0; i < 1_200; i++) await bench.place('ada');
    const live = counts();
    const projections = bench.projections(live);
    expect(() => projections.state(live)).toThrow('it is idle');
    await projections.start();
    expect(projections.state(live).get('ada')).toBe(1_200);
    const { position } = await bench.place('bob');
    await projections.waitFor('counts', position, quick);
    expect(projections.state(live).get('bob')).toBe(1);
  });

  it('takes a state that a handler returns', async () => {
    const last = defineProjection({
      name: 'last',
      initial: () => ({ customer: 'nobody' }),
      events: { OrderPlaced },
      on: { OrderPlaced: (_, { data }) => ({ customer: data.customer }) },
    });
    await bench.place('ada');
    const projections = await bench.started(last);
    expect(projections.state(last)).toEqual({ customer: 'ada' });
  });

  it('has a state in each process', async () => {
    await bench.place('ada');
    const [one, other] = [counts(), counts()];
    const first = await bench.started(one);
    const second = await bench.started(other);
    first.state(one).set('ada', 7);
    expect(second.state(other).get('ada')).toBe(1);
  });

  it('cannot be read after a handler failed, and is built again when it starts again', async () => {
    let broken = true;
    const live = counts((customer) => {
      if (broken && customer === 'bob') throw new TypeError('no bob');
    });
    for (const customer of ['ada', 'bob', 'ada']) await bench.place(customer);
    const projections = await bench.started(live);
    await inState(projections, 'failed');
    expect(() => projections.state(live)).toThrow('no bob');
    broken = false;
    await projections.start();
    await projections.waitUntilLive(quick);
    expect([...projections.state(live)]).toEqual([
      ['ada', 2],
      ['bob', 1],
    ]);
  });

  it('handles no event twice when it goes on without one that fails', async () => {
    const live = counts(
      (customer) => {
        if (customer === 'bob') throw new TypeError('no bob');
      },
      { then: 'skip' },
    );
    for (const customer of ['ada', 'bob', 'ada', 'bob', 'cleo']) await bench.place(customer);
    const projections = await bench.started(live);
    await projections.waitUntilLive(quick);
    expect([...projections.state(live)]).toEqual([
      ['ada', 2],
      ['cleo', 1],
    ]);
  });

  it('is built again by a rebuild, from where that begins', async () => {
    for (const customer of ['ada', 'bob']) await bench.place(customer);
    const live = counts();
    const projections = await bench.started(live);
    await projections.rebuild('counts', { from: { sequence: 2 } });
    expect([...projections.state(live).keys()]).toEqual(['bob']);
  });

  it('is not known by its name and version alone', async () => {
    const projections = await bench.started(counts());
    expect(() => projections.state(counts())).toThrow('there is no projection counts');
    expect(await errorOf(projections.waitFor('other', undefined))).toMatchObject({
      code: 'unknown-projection',
    });
  });
});
