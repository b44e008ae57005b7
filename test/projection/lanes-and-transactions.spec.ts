import { slotOf } from '../../src/event/slot.js';
import { streamName, type StreamName } from '../../src/event/stream-name.js';
import { slotsOfLane } from '../../src/lane/lane-slots.js';
import { defineProjection } from '../../src/projection/definition/define-projection.js';
import { OrderPlaced } from './orders.js';
import { ProjectionBench, errorOf, quick } from './projection-bench.js';

let bench: ProjectionBench;

beforeEach(() => {
  bench = new ProjectionBench();
});

afterEach(() => bench.stop());

/** A stream of a lane of two. */
function streamIn(lane: number): StreamName {
  const slots = slotsOfLane({ lane, lanes: 2 });
  const ids = Array.from({ length: 100 }, (_, n) => streamName('order', `${n}`));
  return ids.find((stream) => slots.includes(slotOf(stream))) as StreamName;
}

const placed = { ada: new OrderPlaced('ada'), bob: new OrderPlaced('bob') };

async function started(before?: () => Promise<void>): ReturnType<ProjectionBench['started']> {
  return bench.started(
    defineProjection({
      name: 'counts',
      lanes: 2,
      store: bench.store,
      clear: async (model) => model.clear(),
      events: { OrderPlaced },
      on: {
        OrderPlaced: async ({ data }, model) => {
          await before?.();
          model.set(data.customer, (model.get(data.customer) ?? 0) + 1);
        },
      },
    }),
  );
}

describe('a projection with lanes', () => {
  it('applies the part of a transaction whose other part is of another lane', async () => {
    const projections = await started();
    const { entries } = await bench.log.transact([
      { stream: streamIn(0), events: [placed.ada] },
      { stream: streamIn(1), events: [placed.bob] },
    ]);
    await projections.waitFor('counts', entries[1]?.position, quick);
    expect([...bench.store.model.keys()].toSorted()).toEqual(['ada', 'bob']);
  });

  it('has not reached a position after the end of the log, and is not believed to have later', async () => {
    let gate: Promise<void> | undefined;
    const projections = await started(async () => gate);
    await projections.waitUntilLive(quick);
    const beyond = errorOf(projections.waitFor('counts', '99.0' as never, { timeoutMs: 100 }));
    expect(await beyond).toMatchObject({ code: 'wait-timeout' });
    let release = (): void => undefined;
    gate = new Promise((resolve) => (release = resolve));
    const { position } = await bench.log.append(streamIn(0), [placed.ada]);
    const early = await errorOf(projections.waitFor('counts', position, { timeoutMs: 100 }));
    expect(early).toMatchObject({ code: 'wait-timeout' });
    release();
    await projections.waitFor('counts', position, quick);
  });
});
