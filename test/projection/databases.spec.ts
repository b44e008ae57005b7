import { FaultyProjectionStore } from './faulty-projection-store.js';
import { sums } from './orders.js';
import { ProjectionBench, quick, statusOf } from './projection-bench.js';

let bench: ProjectionBench;

beforeEach(() => {
  bench = new ProjectionBench();
});

afterEach(() => bench.stop());

describe('processes with databases of their own', () => {
  it('run a projection in each of them', async () => {
    const [one, other] = [new FaultyProjectionStore(), new FaultyProjectionStore()];
    const first = await bench.started(sums(one));
    const second = await bench.started(sums(other));
    const { position } = await bench.place('ada');
    await first.waitFor('sums', position, quick);
    await second.waitFor('sums', position, quick);
    expect([one.model.get('ada'), other.model.get('ada')]).toEqual([1, 1]);
    expect([statusOf(first), statusOf(second)].map(({ lanes }) => lanes[0]?.owner?.isOwn)).toEqual([
      true,
      true,
    ]);
  });

  it('start to run it when a database that did not answer does', async () => {
    const { store } = bench;
    let isDown = true;
    const identity = store.identity.bind(store);
    store.identity = async () => {
      if (isDown) throw new TypeError('the database is down');
      return identity();
    };
    const projections = await bench.started(sums(store));
    expect(bench.reported.map(({ message }) => message)).toEqual(['the database is down']);
    expect(statusOf(projections).state).toBe('standby');
    isDown = false;
    const { position } = await bench.place('ada');
    await projections.waitFor('sums', position, quick);
  });
});
